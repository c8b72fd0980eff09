// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import io.sparseland.core.Check;
import io.sparseland.core.Torch;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps gradients small, on both sides of 0 (the clipping of DJL's optimizers cuts large values and
 * lets those far below 0 pass).
 *
 * @param by what is limited
 * @param most the limit, above 0
 */
public record Clip(By by, double most) {

  /** What is limited. */
  public enum By {
    /** The norm of all gradients together: they are scaled. */
    NORM,
    /** Every number: {@code max(-most, min(most, g))}. */
    VALUE
  }

  /** Checks the limit. */
  public Clip {
    Check.that(most > 0 && most < 1e30, "clip is %s, allowed: above 0", most);
  }

  /** Changes the gradients in place. */
  void apply(Iterable<Pair<String, Parameter>> parameters) {
    Torch.withoutGradients(
        () -> {
          try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            List<NDArray> gradients = new ArrayList<>();
            for (Pair<String, Parameter> each : parameters) {
              NDArray array = each.getValue().getArray();
              if (array.hasGradient()) {
                gradients.add(array.getGradient());
              }
            }
            clip(gradients);
          }
        });
  }

  void clip(List<NDArray> gradients) {
    if (by == By.VALUE) {
      gradients.forEach(g -> Torch.copy(g.clip(-most, most), g));
      return;
    }
    double squares = 0;
    for (NDArray gradient : gradients) {
      squares += gradient.square().sum().getFloat();
    }
    double norm = Math.sqrt(squares);
    if (norm > most) {
      gradients.forEach(g -> g.muli(most / norm));
    }
  }
}
