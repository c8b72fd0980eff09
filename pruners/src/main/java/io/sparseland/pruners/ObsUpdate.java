// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import io.sparseland.core.Check;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Reconstruction;
import io.sparseland.core.Solution;
import io.sparseland.core.Statistic;
import java.util.Set;

/**
 * The update of {@link SparseGpt} on a given mask: each pruned weight moves what it did to the
 * columns right of it. Cheaper than {@link LeastSquares} and not as good.
 *
 * @param damping share of the mean diagonal of H that is added to it
 * @see <a href="https://arxiv.org/abs/2301.00774">Frantar and Alistarh 2023, section 3.1</a>
 */
public record ObsUpdate(double damping) implements Reconstruction {

  private static final int BLOCK = 128; // for speed only

  /** Checks the setting. */
  public ObsUpdate {
    Check.that(damping > 0 && damping <= 1, "damping is %s, allowed: above 0, at most 1", damping);
  }

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.INPUT_GRAM);
  }

  @Override
  public Solution rebuild(Layer layer, Solution found, Evidence evidence) {
    Solution swept = new ObsSweep(layer, evidence, damping, BLOCK).following(found.mask());
    return found.with(swept.weight(), swept.notes());
  }
}
