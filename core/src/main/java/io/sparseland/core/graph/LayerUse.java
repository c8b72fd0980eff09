// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.types.Shape;
import io.sparseland.core.LayerType;

/**
 * How an operation uses a layer's weight.
 *
 * @param type {@link LayerType#LINEAR} or {@link LayerType#CONVOLUTION}
 * @param stride of the kernel, one number per kernel dimension; empty for a linear layer
 * @param padding on both sides
 * @param dilation of the kernel
 * @param groups groups; 1 for a linear layer
 */
public record LayerUse(LayerType type, Shape stride, Shape padding, Shape dilation, int groups) {

  static final LayerUse LINEAR =
      new LayerUse(LayerType.LINEAR, new Shape(), new Shape(), new Shape(), 1);
}
