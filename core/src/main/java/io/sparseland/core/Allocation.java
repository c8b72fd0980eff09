// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;
import java.util.Map;

/** How one sparsity is spread over layers, as exact numbers of weights to keep. */
public interface Allocation {

  /** Every layer the same share. */
  static Allocation uniform() {
    return new Uniform();
  }

  /** Uniform, but the first convolution dense and the last layer at most 80 % sparse. */
  static Allocation uniformPlus() {
    return new UniformPlus(0.2);
  }

  /** Erdős–Rényi: density proportional to (in + out) / (in · out), kernels ignored. */
  static Allocation er() {
    return new ErdosRenyi(false, 1);
  }

  /** Erdős–Rényi with kernels: density proportional to sum / product of all four sizes. */
  static Allocation erk() {
    return new ErdosRenyi(true, 1);
  }

  /** The lowest scores of all layers together go; every layer keeps at least one weight. */
  static Allocation global() {
    return new Global(1);
  }

  /** Layer-adaptive: scores relative to the larger ones of their layer, compared globally. */
  static Allocation lamp() {
    return new Lamp();
  }

  /** Outlier-weighed, with the authors' settings. */
  static Allocation owl() {
    return new Owl(0.08, 5);
  }

  /**
   * A sparsity by layer name; layers not named get the sparsity asked for.
   *
   * @param sparsities name to sparsity, 0 to 1
   */
  static Allocation fixed(Map<String, Double> sparsities) {
    return new Fixed(sparsities);
  }

  /**
   * Weights to keep in each layer.
   *
   * @param layers in forward order
   * @param sparsity share of their weights to prune, 0 to 1
   * @throws IllegalArgumentException if the layers cannot have that sparsity, or if this allocation
   *     {@link #needsScores() needs scores}
   */
  long[] kept(List<LayerShape> layers, double sparsity);

  /** Whether {@link #kept(List, double, List)} must be used. */
  default boolean needsScores() {
    return false;
  }

  /** Whether scores of different layers compete as they are, so that the scope is global. */
  default boolean comparesWeights() {
    return false;
  }

  /**
   * Weights to keep in each layer, by comparing scores across layers where the allocation does.
   *
   * @param scores one array a layer, one score a weight, higher = keep
   */
  default long[] kept(List<LayerShape> layers, double sparsity, List<float[]> scores) {
    return kept(layers, sparsity);
  }

  /** Number of weights in all layers. */
  static long total(List<LayerShape> layers) {
    return layers.stream().mapToLong(LayerShape::size).sum();
  }
}
