// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.sparseland.core.WeightView;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Hands blocks the effective weight of masked parameters and the stored one of all others. */
final class MaskedStore extends ParameterStore {

  private final WeightView view;
  private final Map<String, NDArray> masks = new ConcurrentHashMap<>(); // parameter id -> 0/1
  private NDManager batch;

  MaskedStore(NDManager manager, WeightView view) {
    super(manager, false);
    this.view = view;
    this.batch = manager;
  }

  /** Where the effective weights of the coming forward pass live. */
  void useBatch(NDManager manager) {
    batch = manager;
  }

  /**
   * Puts a parameter behind the view.
   *
   * @param keep 0 and 1, the parameter's shape
   */
  void mask(Parameter parameter, NDArray keep) {
    masks.put(parameter.getId(), keep);
  }

  @Override
  @SuppressWarnings("NullAway") // blocks without a bias ask for the value of null
  public NDArray getValue(Parameter parameter, Device device, boolean training) {
    NDArray stored = super.getValue(parameter, device, training);
    NDArray keep = parameter == null ? null : masks.get(parameter.getId());
    if (keep == null) {
      return stored;
    }
    NDArray effective;
    try (NDScope scope = new NDScope()) { // closes every temporary but the result
      scope.suppressNotUsedWarning();
      effective = training ? view.effective(stored, keep) : view.merge(stored, keep);
      effective.attach(batch); // else it would stay with the model
      NDScope.unregister(effective);
    }
    NDScope.register(effective); // with the caller's scope, if there is one
    return effective;
  }
}
