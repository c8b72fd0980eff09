// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;

/** What every inner block of a layer is called with. */
record Call(ParameterStore parameters, boolean training) {

  NDArray of(Block block, NDArray x) {
    return block.forward(parameters, new NDList(x), training).singletonOrThrow();
  }
}
