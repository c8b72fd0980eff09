// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;

/** Hands out the parameters and the manager of another store as proxies. */
final class InterceptedStore extends ParameterStore {

  private final Interception interception;
  private final ParameterStore store;

  InterceptedStore(Interception interception, ParameterStore store) {
    super(store.getManager(), false);
    this.interception = interception;
    this.store = store;
  }

  @Override
  @SuppressWarnings("NullAway") // DJL hands out null for an optional parameter
  public NDArray getValue(Parameter parameter, Device device, boolean training) {
    NDArray value = store.getValue(parameter, device, training);
    return value == null ? null : interception.wrap(interception.onParameter(parameter, value));
  }

  @Override
  public NDManager getManager() {
    return interception.wrap(store.getManager());
  }

  @Override
  public void updateAllParameters() {
    store.updateAllParameters();
  }

  @Override
  public void sync() {
    store.sync();
  }
}
