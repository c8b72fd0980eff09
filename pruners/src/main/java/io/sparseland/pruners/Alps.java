// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.Check;
import io.sparseland.core.Choice;
import io.sparseland.core.Evidence;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.Linalg;
import io.sparseland.core.Mask;
import io.sparseland.core.Solution;
import io.sparseland.core.Solver;
import io.sparseland.core.Statistic;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The layer-wise problem {@code min 0.5 |X W^T - X W'^T|^2} with a limit on the nonzeros, by ADMM.
 *
 * <p>Inputs are scaled so that the damped {@code G = mean(x x^T)} has a unit diagonal; one
 * eigendecomposition makes every penalty cheap. Iterate {@code B = (W G - V + rho D)(G + rho
 * I)^-1}, {@code D} = B + V / rho on its largest entries, {@code V += rho (B - D)}; rho grows every
 * third time by 1.3, 1.2 or 1.1 as more than 10 %, 0.5 % or any of the support has changed, and a
 * support that has not ends it. Then {@link LeastSquares} on the support. Cost: {@code 4 out ·
 * in^2} an iteration.
 *
 * @param damping share of the mean diagonal that is added to it
 * @param iterations at most
 * @see <a href="https://arxiv.org/abs/2406.07831">Meng et al. 2024, "ALPS: improved optimization
 *     for highly sparse one-shot pruning", alg. 1</a>
 */
public record Alps(double damping, int iterations) implements Solver {

  private static final double FIRST_PENALTY = 0.1;
  private static final int EVERY = 3;

  /** Checks the settings. */
  public Alps {
    Check.that(damping > 0 && damping <= 1, "damping is %s, allowed: above 0, at most 1", damping);
    Check.that(iterations >= 1, "iterations %d, allowed: 1 or more", iterations);
  }

  @Override
  public Set<Statistic> needs() {
    return Set.of(Statistic.INPUT_GRAM);
  }

  /** Where the iteration starts: {@code |W_ij| sqrt(G_jj)}. */
  @Override
  public NDArray score(Layer layer, Evidence evidence) {
    List<Group> groups = groups(layer, evidence, new ArrayList<>());
    return NDArrays.concat(new NDList(groups.stream().map(g -> g.scaled.abs()).toList()));
  }

  @Override
  public Solution solve(Layer layer, Evidence evidence, Choice choice) {
    List<String> notes = new ArrayList<>();
    List<Group> groups = groups(layer, evidence, notes);
    Mask support = project(layer.geometry(), choice, groups, FIRST_PENALTY);
    double penalty = FIRST_PENALTY;
    Mask before = support;
    for (int t = 1; t <= iterations; t++) {
      for (Group group : groups) {
        group.step(penalty);
      }
      support = project(layer.geometry(), choice, groups, penalty);
      for (Group group : groups) {
        group.dual(penalty);
      }
      if (t % EVERY == 0) {
        double changed = changed(before, support);
        if (changed == 0) {
          break;
        }
        penalty *= changed > 0.1 ? 1.3 : changed > 0.005 ? 1.2 : 1.1;
        before = support;
      }
      if (t == iterations) {
        notes.add(
            "layer %s: the support still changed after %d iterations".formatted(layer.name(), t));
      }
    }
    Solution found = Solution.of(support, layer.weight().toType(DataType.FLOAT64, true));
    Solution refit = new LeastSquares(damping).rebuild(layer, found, evidence);
    return found.with(refit.weight(), notes);
  }

  private static double changed(Mask before, Mask after) {
    java.util.BitSet gone = before.keptSet();
    gone.andNot(after.keptSet());
    return after.kept() == 0 ? 0 : gone.cardinality() / (double) after.kept();
  }

  /** Chooses the support by B + V / rho, and sets D to that on it. */
  private static Mask project(Geometry g, Choice choice, List<Group> groups, double penalty) {
    float[] scores = new float[g.size()];
    double[][] moved = new double[groups.size()][];
    int at = 0;
    for (int k = 0; k < moved.length; k++) {
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        moved[k] = groups.get(k).b.add(groups.get(k).v.div(penalty)).toDoubleArray();
      }
      for (double value : moved[k]) {
        scores[at++] = (float) Math.abs(value);
      }
    }
    Mask mask = choice.byScore(scores, g);
    at = 0;
    for (int k = 0; k < moved.length; k++) {
      for (int i = 0; i < moved[k].length; i++) {
        moved[k][i] = mask.get(at++) ? moved[k][i] : 0;
      }
      groups.get(k).project(moved[k]);
    }
    return mask;
  }

  private List<Group> groups(Layer layer, Evidence evidence, List<String> notes) {
    Geometry g = layer.geometry();
    int share = g.out() / g.groups();
    int[] natural = IntStream.range(0, g.in()).toArray();
    NDArray weight = layer.weight().toType(DataType.FLOAT64, false);
    List<Group> groups = new ArrayList<>();
    for (int group = 0; group < g.groups(); group++) {
      Hessian hessian = Hessian.of(layer, group, natural, evidence, damping);
      notes.addAll(hessian.notes());
      groups.add(
          new Group(
              weight.get("%d:%d".formatted(group * share, (group + 1) * share)), hessian.matrix()));
    }
    return groups;
  }

  /** The state of one group of rows, scaled to a unit diagonal. */
  private static final class Group {
    private final NDArray scaled; // W diag(s)
    private final NDArray wanted; // scaled G
    private final NDArray vectors;
    private final NDArray values;
    private NDArray b;
    private NDArray d;
    private NDArray v;

    Group(NDArray weight, NDArray matrix) {
      long n = matrix.getShape().get(0);
      NDArray eye = matrix.getManager().eye((int) n).toType(DataType.FLOAT64, false);
      NDArray scale = matrix.mul(eye).sum(new int[] {0}).sqrt(); // [in]
      NDArray unit = matrix.div(scale).div(scale.reshape(n, 1));
      Linalg.Eigen eigen = Linalg.eigh(unit);
      vectors = eigen.vectors();
      values = eigen.values();
      scaled = weight.mul(scale);
      wanted = scaled.matMul(unit);
      b = scaled;
      d = scaled;
      v = scaled.zerosLike();
    }

    void step(double penalty) {
      b =
          instead(
              b,
              () ->
                  wanted
                      .sub(v)
                      .add(d.mul(penalty))
                      .matMul(vectors)
                      .div(values.add(penalty))
                      .matMul(vectors.transpose()));
    }

    void project(double[] values) {
      d = instead(d, () -> scaled.getManager().create(values, scaled.getShape()));
    }

    void dual(double penalty) {
      v = instead(v, () -> v.add(b.sub(d).mul(penalty)));
    }

    /** Closes the old array and what is made on the way; the new one is the scope's around. */
    private NDArray instead(NDArray old, Supplier<NDArray> make) {
      NDArray result;
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        result = make.get();
        NDScope.unregister(result);
      }
      NDScope.register(result);
      if (old != scaled) {
        old.close();
      }
      return result;
    }
  }
}
