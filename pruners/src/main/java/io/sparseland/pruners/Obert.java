// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Check;
import io.sparseland.core.Choice;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scope;
import io.sparseland.core.Solution;
import io.sparseland.core.Solver;
import io.sparseland.core.Statistic;
import java.util.BitSet;
import java.util.Set;

/**
 * Optimal brain surgeon on the loss of the whole network, its Hessian taken as the empirical Fisher
 * matrix in blocks along the diagonal.
 *
 * <p>With {@code F = damping · I + mean(g g^T)} in blocks of the flattened weight, a weight scores
 * {@code w_q^2 / (2 [F^-1]_qq)} and its removal changes its block by {@code -F^-1 e_q w_q /
 * [F^-1]_qq}; aligned slices of Q inputs score {@code 0.5 w_b^T ([F^-1]_bb)^-1 w_b}. Removals of
 * one block are added up as the authors do, or solved jointly. {@code block} 1 is the diagonal
 * Fisher without update; WoodFisher is the same with larger blocks. Memory: {@code 4 · weights ·
 * block} bytes.
 *
 * @param damping added to the diagonal; too large makes it magnitude, too small invents curvature
 * @param block weights that are taken together
 * @param joint whether all removals of a block are solved at once
 * @see <a href="https://arxiv.org/abs/2203.07259">Kurtic et al. 2022, "The optimal BERT surgeon",
 *     section 3</a>
 * @see <a href="https://arxiv.org/abs/2004.14340">Singh and Alistarh 2020, "WoodFisher"</a>
 */
public record Obert(double damping, int block, boolean joint) implements Solver {

  /** Checks the settings. */
  public Obert {
    Check.that(damping > 0, "damping is %s, allowed: above 0", damping);
    Check.that(block >= 1 && block <= 4096, "block is %d, allowed: 1 to 4096", block);
  }

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.FISHER);
  }

  @Override
  public int fisherBlock() {
    return block;
  }

  @Override
  public Scope comparedWithin() {
    return Scope.GLOBAL;
  }

  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    float[] scores = scores(layer, evidence, 1);
    Geometry g = layer.geometry();
    return layer.weight().getManager().create(scores, new Shape(g.out(), g.in()));
  }

  /** Scores, those of a slice spread evenly over its weights. */
  private float[] scores(Layer layer, Evidence evidence, int slice) {
    double[] w = weights(layer).toDoubleArray();
    float[] scores = new float[w.length];
    new FisherBlocks(layer, evidence, damping)
        .forEach(
            (from, length, inverse, at) -> {
              for (int s = 0; s < length; s += slice) {
                int[] members = members(s, slice);
                double[] v = SmallSystem.solve(inverse, at, block, members, w, from);
                double loss = 0;
                for (int i = 0; i < slice; i++) {
                  loss += v[i] * w[from + members[i]] / 2;
                }
                for (int member : members) {
                  scores[from + member] = (float) (loss / slice);
                }
              }
            });
    return scores;
  }

  private static int[] members(int first, int count) {
    int[] members = new int[count];
    for (int i = 0; i < count; i++) {
      members[i] = first + i;
    }
    return members;
  }

  @Override
  public Solution solve(Layer layer, Evidence evidence, Choice choice) {
    int slice = slice(layer, choice.pattern());
    Mask mask = choice.byScore(scores(layer, evidence, slice), layer.geometry());
    BitSet gone = new BitSet();
    gone.set(0, mask.size());
    gone.andNot(mask.keptSet());
    Mask present = choice.present();
    if (present != null) {
      gone.and(present.keptSet());
    }
    NDArray dense = weights(layer);
    double[] w = dense.toDoubleArray();
    double[] changed = w.clone();
    new FisherBlocks(layer, evidence, damping)
        .forEach(
            (from, length, inverse, at) -> {
              int[] all = gone.get(from, from + length).stream().toArray();
              for (int s = 0; s < all.length; ) {
                int count = joint ? all.length : slice;
                int[] members = java.util.Arrays.copyOfRange(all, s, s + count);
                double[] v = SmallSystem.solve(inverse, at, block, members, w, from);
                for (int i = 0; i < length; i++) {
                  for (int k = 0; k < count; k++) {
                    changed[from + i] -= inverse[at + i * block + members[k]] * v[k];
                  }
                }
                s += count;
              }
            });
    return Solution.of(mask, dense.getManager().create(changed, dense.getShape()));
  }

  /** How many neighbouring weights are removed together, where Fisher blocks hold them whole. */
  private int slice(Layer layer, Pattern pattern) {
    boolean slices =
        pattern instanceof Pattern.Block b
            && b.rows() == 1
            && block % b.columns() == 0
            && layer.geometry().in() == layer.geometry().channels();
    return slices && pattern instanceof Pattern.Block b ? b.columns() : 1;
  }

  private static NDArray weights(Layer layer) {
    return layer.weight().toType(DataType.FLOAT64, false);
  }
}
