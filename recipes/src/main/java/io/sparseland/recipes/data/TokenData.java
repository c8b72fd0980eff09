// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.graph.TraceInput;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Sequences of tokens, of one length or many. */
interface TokenData extends DataSet {

  /** Tokens of the traced input; any number shows the same operations. */
  int TRACED = 16;

  /** Sequences to calibrate on. */
  List<int[]> calibration();

  /** Sequences to score on. */
  List<int[]> test();

  @Override
  default Shape item() {
    return new Shape(TRACED);
  }

  @Override
  default TraceInput traced() {
    return Tokens.traced(item());
  }

  @Override
  default NDList probe(NDManager manager) {
    return new NDList(Tokens.ids(manager, test().subList(0, 1)));
  }

  @Override
  default int largestLabel() {
    return Stream.concat(calibration().stream(), test().stream())
        .flatMapToInt(Arrays::stream)
        .max()
        .orElse(0);
  }

  @Override
  default int calibrationSize() {
    return calibration().size();
  }

  @Override
  default Optional<String> note() {
    return Optional.empty();
  }
}
