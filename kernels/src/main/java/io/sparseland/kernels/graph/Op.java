// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.graph;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.PoolShape;
import io.sparseland.kernels.ReduceOp;
import io.sparseland.kernels.UnaryOp;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One operation of the runtime: a record each. Weights are referred to by the name of their stored
 * tensor. Axes count from 0 and are never negative. Values are fp32 unless said otherwise.
 */
public sealed interface Op {

  /** Name in files: lower case, words joined by '_'. */
  String kind();

  /** Whether the operation can take this many values. */
  default boolean takes(int inputs) {
    return inputs == 1;
  }

  /** Names of the stored tensors it reads. */
  default List<String> tensors() {
    return List.of();
  }

  /** [..., k] to [..., n]: {@code act(x * w' + bias)}; weight [n, k], bias [n]. */
  record Linear(String weight, Optional<String> bias, Activation activation) implements Op {
    @Override
    public String kind() {
      return "linear";
    }

    @Override
    public List<String> tensors() {
      return Stream.concat(Stream.of(weight), bias.stream()).toList();
    }
  }

  /**
   * [batch, in, h, w] to [batch, out, h', w']; weight [out, in / groups, kernelH, kernelW] or
   * flattened behind the first dimension, bias [out].
   */
  record Conv2d(String weight, Optional<String> bias, Activation activation, ConvShape shape)
      implements Op {
    @Override
    public String kind() {
      return "conv2d";
    }

    @Override
    public List<String> tensors() {
      return Stream.concat(Stream.of(weight), bias.stream()).toList();
    }
  }

  /**
   * [batch, c, h, w] to [batch, c, h', w']. Global pooling is a {@link Reduce} over axes 2 and 3.
   */
  record Pool2d(PoolShape shape) implements Op {
    @Override
    public String kind() {
      return "pool2d";
    }
  }

  /** Over the last axis: {@code (x - mean) / sqrt(variance + epsilon) * scale + shift}. */
  record LayerNorm(String scale, String shift, float epsilon) implements Op {

    /** Refuses an epsilon that is negative or not finite. */
    public LayerNorm {
      if (!(epsilon >= 0 && epsilon < Float.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "layer_norm: epsilon " + epsilon + "; allowed: finite, at least 0");
      }
    }

    @Override
    public String kind() {
      return "layer_norm";
    }

    @Override
    public List<String> tensors() {
      return List.of(scale, shift);
    }
  }

  /** Along axis 1: {@code x * scale[c] + shift[c]}; a batch norm that could not be folded. */
  record ChannelAffine(String scale, String shift) implements Op {
    @Override
    public String kind() {
      return "channel_affine";
    }

    @Override
    public List<String> tensors() {
      return List.of(scale, shift);
    }
  }

  /** Element by element; p0 and p1 as {@link UnaryOp} says, 0 where it needs none. */
  record Unary(UnaryOp op, float p0, float p1) implements Op {
    @Override
    public String kind() {
      return "unary";
    }
  }

  /** Two values, element by element, with numpy broadcasting. */
  record Binary(BinaryOp op) implements Op {
    @Override
    public String kind() {
      return "binary";
    }

    @Override
    public boolean takes(int inputs) {
      return inputs == 2;
    }
  }

  /** {@code op(x, value)}, or {@code op(value, x)} when the scalar stands first. */
  record BinaryScalar(BinaryOp op, float value, boolean scalarFirst) implements Op {
    @Override
    public String kind() {
      return "binary_scalar";
    }
  }

  /** Softmax along an axis, or its natural logarithm. */
  record Softmax(int axis, boolean log) implements Op {
    @Override
    public String kind() {
      return "softmax";
    }
  }

  /** The same elements under another shape; any type. Also flatten, expandDims, squeeze. */
  record Reshape(List<Size> shape) implements Op {

    /** Copies the shape. */
    public Reshape {
      shape = List.copyOf(shape);
    }

    @Override
    public String kind() {
      return "reshape";
    }
  }

  /** Axis i of the result is axis permutation[i] of the input; any type. */
  record Transpose(List<Integer> permutation) implements Op {

    /** Copies the permutation. */
    public Transpose {
      permutation = List.copyOf(permutation);
    }

    @Override
    public String kind() {
      return "transpose";
    }
  }

  /** Ids [...] (int32, int64, or fp32 holding integers) to [..., width]; table [rows, width]. */
  record Embedding(String table) implements Op {
    @Override
    public String kind() {
      return "embedding";
    }

    @Override
    public List<String> tensors() {
      return List.of(table);
    }
  }

  /** [..., m, k] x [..., k, n] to [..., m, n]; leading dimensions broadcast. */
  record MatMul() implements Op {
    @Override
    public String kind() {
      return "matmul";
    }

    @Override
    public boolean takes(int inputs) {
      return inputs == 2;
    }
  }

  /** Joins values along an axis; any type, the same for all. */
  record Concat(int axis) implements Op {
    @Override
    public String kind() {
      return "concat";
    }

    @Override
    public boolean takes(int inputs) {
      return inputs >= 1;
    }
  }

  /** Elements begin, begin + step, ... before end along an axis; any type. */
  record Slice(int axis, Size begin, Size end, int step) implements Op {

    /** Refuses a step below 1. */
    public Slice {
      if (step < 1) {
        throw new IllegalArgumentException("slice: step " + step + "; allowed: at least 1");
      }
    }

    @Override
    public String kind() {
      return "slice";
    }
  }

  /** Sum, mean or maximum over axes, which stay with size 1 when kept. */
  record Reduce(ReduceOp op, List<Integer> axes, boolean keep) implements Op {

    /** Copies the axes. */
    public Reduce {
      axes = List.copyOf(axes);
    }

    @Override
    public String kind() {
      return "reduce";
    }
  }

  /** A stored tensor as a value; no inputs. */
  record Constant(String tensor) implements Op {
    @Override
    public String kind() {
      return "constant";
    }

    @Override
    public boolean takes(int inputs) {
      return inputs == 0;
    }

    @Override
    public List<String> tensors() {
      return List.of(tensor);
    }
  }
}
