// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/** A number per weight or per input that a {@link Criterion} may ask for. */
public enum Statistic {
  /**
   * Mean over tokens (or output positions) of each input column squared; {@code [in]}, of a grouped
   * convolution {@code [groups, in]}.
   */
  INPUT_MEAN_SQUARE,
  /**
   * Mean over tokens (or output positions) of {@code x x^T}, half the Hessian of the layer's
   * squared output error; fp64 {@code [in, in]}, of a grouped convolution {@code [groups, in, in]}.
   */
  INPUT_GRAM,
  /** Mean of each input column; fp64 {@code [in]} or {@code [groups, in]}. */
  INPUT_MEAN,
  /** Sample variance of each input column over all tokens; shaped as {@link #INPUT_MEAN}. */
  INPUT_VARIANCE,
  /**
   * Variance of each input column within a sequence, mean over sequences by their tokens; shaped as
   * {@link #INPUT_MEAN}.
   */
  INPUT_SEQUENCE_VARIANCE,
  /**
   * Mean over tokens of {@code x y^T} with y the output, bias left out, that the layer should have;
   * fp64 {@code [in, out]}. Only where a dense model runs beside the pruned one.
   */
  WANTED_OUTPUT,
  /** Mean over tokens of {@code |y|^2} of the same; one fp64 number. */
  WANTED_SQUARE,
  /** Gradient of the loss with respect to the weight, mean over batches; {@code [out, in]}. */
  GRADIENT,
  /**
   * Mean over batches of {@code g g^T}, g the gradient of the batch's mean loss with the present
   * mask, in blocks along the diagonal of the flattened weight; fp32 {@code [blocks, block,
   * block]}, the last block padded with zeros. The criterion says how large blocks are.
   */
  FISHER,
  /**
   * The gradients of single batches as {@link #FISHER} takes them; fp32 {@code [batches, out ·
   * in]}.
   */
  GRADIENTS,
  /**
   * Hessian of the loss times its gradient, over all layers that are measured, by central
   * differences; {@code [out, in]}.
   */
  HESSIAN_GRADIENT,
  /**
   * {@code |w dR/dw|} with R the sum of outputs when every parameter has its absolute value and
   * every input is 1; {@code [out, in]}. Needs no data but its shape.
   */
  SYNAPTIC_FLOW,
  /** One number of U(0, 1) a weight, fixed by seed, layer name and step; {@code [out, in]}. */
  UNIFORM,
  /**
   * The optimizer's running mean of gradients, also of pruned weights: Sgd's momentum, of Adam
   * {@code m / (sqrt(v) + 1e-8)}; {@code [out, in]}. In training only.
   */
  MOMENTUM,
  /** 1 where a weight was kept at any time so far, else 0; {@code [out, in]}. In training only. */
  EVER_ACTIVE,
  /** Scores that are trained beside the weights by a {@link WeightView}; {@code [out, in]}. */
  LEARNED;

  /** Whether it is measured on the inputs of layers; those stand before the gradients. */
  public boolean ofInputs() {
    return compareTo(GRADIENT) < 0;
  }

  /** Whether it needs a backward pass. */
  public boolean ofGradients() {
    return !ofInputs() && compareTo(UNIFORM) < 0;
  }
}
