// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.training.optimizer.Optimizer;
import io.sparseland.core.Mask;
import java.util.HashMap;
import java.util.Map;

/** The definition, with no thought of speed: a dense step, then the weights masked. */
final class Textbook extends Optimizer {

  private final Optimizer inner;
  private final Map<String, NDArray> masks = new HashMap<>();

  Textbook(Optimizer inner, Model model, Map<String, Mask> byLayer) {
    super(new Settings());
    this.inner = inner;
    byLayer.forEach(
        (name, mask) -> {
          NDArray keep = mask.toArray(model.getNDManager());
          masks.put(Nets.parameter(model, name).getId(), keep);
          Nets.parameter(model, name).getArray().muli(keep);
        });
  }

  @Override
  public void update(String parameterId, NDArray weight, NDArray grad) {
    inner.update(parameterId, weight, grad);
    if (masks.containsKey(parameterId)) {
      weight.muli(masks.get(parameterId));
    }
  }

  private static final class Settings extends OptimizerBuilder<Settings> {
    @Override
    protected Settings self() {
      return this;
    }
  }
}
