// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The checking layer over a {@link KernelSet}: every shape, type and range, once for all sets. */
final class CheckedKernels implements Kernels {

  private final KernelSet set;

  CheckedKernels(KernelSet set) {
    this.set = set;
  }

  @Override
  public String name() {
    return set.name();
  }

  @Override
  public List<String> designs() {
    return set.designs();
  }

  @Override
  public Optional<String> refuses(Matrix w, String design) {
    Check.that(
        set.designs().contains(design),
        "design '%s', the %s kernels have %s",
        design,
        name(),
        set.designs());
    return Optional.ofNullable(set.refuses(w, design));
  }

  @Override
  public PackedWeights pack(Matrix w, String design) {
    refuses(w, design)
        .ifPresent(
            why -> {
              throw new IllegalArgumentException(
                  "design '%s' refuses %s: %s".formatted(design, w, why));
            });
    return set.pack(w, design);
  }

  @Override
  public PackedWeights pack(Matrix w, String decode, String batch, int batchFrom) {
    Check.atLeast("batchFrom", batchFrom, 1);
    if (decode.equals(batch) || batchFrom == 1) {
      return pack(w, batch);
    }
    PackedWeights few = pack(w, decode);
    try {
      return new TwoForms(few, pack(w, batch), batchFrom);
    } catch (RuntimeException | Error e) {
      few.close();
      throw e;
    }
  }

  @Override
  public void linear(
      PackedWeights w,
      @Nullable Tensor bias,
      Activation act,
      @Nullable Tensor residual,
      Tensor x,
      Tensor y) {
    weights("linear", w);
    Shapes.floats("linear", "x", x);
    Shapes.output("linear", y, x);
    int k = Shapes.last("linear", "x", x);
    Check.that(k == w.inputs(), "linear: x is %s, allowed is [..., %d]", x, w.inputs());
    int[] allowed = x.shape();
    allowed[allowed.length - 1] = w.outputs();
    Shapes.shape("linear", "y", y, allowed);
    bias("linear", bias, w);
    if (residual != null) {
      Shapes.same("linear", residual, y);
      Shapes.output("linear", y, residual);
    }
    Check.that(
        w.window() == null, "linear: weights packed for a convolution, allowed is a linear layer");
    int m = x.size() / k;
    set.linear(TwoForms.of(w, m), bias, act, residual, m, x, y);
  }

  @Override
  public void convert(Tensor x, Tensor y) {
    Shapes.floats("convert", "x", x);
    Shapes.output("convert", y, x);
    Shapes.shape("convert", "y", y, x.dimensions());
    Layout other = x.layout() == Layout.ROWS ? Layout.PANELS : Layout.ROWS;
    Shapes.layout("convert", "y", y, other);
    int k = Shapes.last("convert", "x", x);
    set.convert(x.size() / k, k, x, y);
  }

  @Override
  public void conv2d(
      PackedWeights w, @Nullable Tensor bias, Activation act, ConvShape s, Tensor x, Tensor y) {
    weights("conv2d", w);
    Check.that(w.type() == WeightType.FP32, "conv2d: weights of %s, allowed is FP32", w.type());
    Shapes.rank("conv2d", "x", x, 4);
    Shapes.output("conv2d", y, x);
    int channels = x.dimension(1);
    int kernel = s.kernelH() * s.kernelW();
    Check.that(
        channels % s.groups() == 0 && w.outputs() % s.groups() == 0,
        "conv2d: %d groups must divide the %d channels of x and the %d outputs",
        s.groups(),
        channels,
        w.outputs());
    Check.that(
        (long) channels / s.groups() * kernel == w.inputs(),
        "conv2d: x has %d channels in %d groups under %dx%d, the weights %d inputs",
        channels,
        s.groups(),
        s.kernelH(),
        s.kernelW(),
        w.inputs());
    Check.that(
        s.equals(w.window()),
        "conv2d: weights packed for %s, allowed are those of %s",
        w.window() == null ? "a linear layer" : w.window(),
        s);
    int h = s.outputH(x.dimension(2));
    int v = s.outputW(x.dimension(3));
    Check.that(h >= 1 && v >= 1, "conv2d: %s does not fit into x %s", s, x);
    Shapes.exactly("conv2d", "y", y, x.dimension(0), w.outputs(), h, v);
    bias("conv2d", bias, w);
    set.conv2d(TwoForms.of(w, Integer.MAX_VALUE), bias, act, s, x, y);
  }

  @Override
  public void pool2d(PoolShape s, Tensor x, Tensor y) {
    Shapes.rank("pool2d", "x", x, 4);
    Shapes.output("pool2d", y, x);
    int h = s.outputH(x.dimension(2));
    int v = s.outputW(x.dimension(3));
    Check.that(h >= 1 && v >= 1, "pool2d: %s does not fit into x %s", s, x);
    Shapes.exactly("pool2d", "y", y, x.dimension(0), x.dimension(1), h, v);
    set.pool2d(s, x, y);
  }

  @Override
  public void layerNorm(Tensor x, Tensor scale, Tensor shift, float epsilon, Tensor y) {
    Shapes.floats("layerNorm", "x", x);
    int columns = Shapes.last("layerNorm", "x", x);
    Shapes.exactly("layerNorm", "scale", scale, columns);
    Shapes.exactly("layerNorm", "shift", shift, columns);
    Shapes.same("layerNorm", x, y);
    Check.that(
        epsilon >= 0 && epsilon < Float.POSITIVE_INFINITY,
        "layerNorm: epsilon is %s, allowed is 0 or more",
        epsilon);
    PanelParts.of(
        x,
        (outer, inner, part) ->
            set.layerNorm(
                outer, columns, inner, part.apply(0), scale, shift, epsilon, part.apply(1)),
        x,
        y);
  }

  @Override
  public void channelAffine(Tensor x, Tensor scale, Tensor shift, Tensor y) {
    Shapes.data("channelAffine", "x", x);
    Check.that(x.rank() >= 2, "channelAffine: x is %s, allowed is [batch, channels, ...]", x);
    int channels = x.dimension(1);
    Shapes.exactly("channelAffine", "scale", scale, channels);
    Shapes.exactly("channelAffine", "shift", shift, channels);
    Shapes.same("channelAffine", x, y);
    int outer = x.dimension(0);
    set.channelAffine(outer, channels, x.size() / outer / channels, x, scale, shift, y);
  }

  @Override
  public void unary(UnaryOp op, float p0, float p1, Tensor x, Tensor y) {
    Shapes.same("unary", x, y);
    if (x.layout() == Layout.ROWS) {
      set.unary(op, p0, p1, x, y);
    } else {
      set.unary(op, p0, p1, x.flat(), y.flat());
    }
  }

  @Override
  public void binary(BinaryOp op, Tensor a, Tensor b, Tensor y) {
    Shapes.floats("binary", "a", a);
    Shapes.floats("binary", "b", b);
    Shapes.writable("binary", y);
    Check.that(
        (y != a || a.size() == y.size()) && (y != b || b.size() == y.size()),
        "binary: y is an input of another shape");
    Broadcast plan = Broadcast.of(a.dimensions(), b.dimensions(), y.dimensions());
    if (y.layout() == Layout.PANELS) {
      PanelParts.binary(set, op, a, b, y);
      return;
    }
    Shapes.layout("binary", "a", a, Layout.ROWS);
    Shapes.layout("binary", "b", b, Layout.ROWS);
    set.binary(op, plan, a, b, y);
  }

  @Override
  public void softmax(int axis, boolean log, Tensor x, Tensor y) {
    Shapes.same("softmax", x, y);
    int at = Shapes.axis("softmax", axis, x);
    if (x.layout() == Layout.PANELS) {
      Check.that(at == x.rank() - 1, "softmax: axis %d of %s, allowed is the last", axis, x);
      PanelParts.of(
          x,
          (outer, inner, part) ->
              set.softmax(outer, x.dimension(at), inner, log, part.apply(0), part.apply(1)),
          x,
          y);
      return;
    }
    int outer = Shapes.product(x, 0, at);
    int inner = Shapes.product(x, at + 1, x.rank());
    set.softmax(outer, x.dimension(at), inner, log, x, y);
  }

  @Override
  public void transpose(int[] permutation, Tensor x, Tensor y) {
    Movement.transpose(permutation, x, y);
  }

  @Override
  public void embedding(Tensor table, Tensor ids, Tensor y) {
    Movement.embedding(table, ids, y);
  }

  @Override
  public void matmul(Turned a, Turned b, Turned y) {
    Shapes.data("matmul", "a", a.tensor());
    Shapes.data("matmul", "b", b.tensor());
    Shapes.data("matmul", "y", y.tensor());
    Shapes.output("matmul", y.tensor(), a.tensor());
    Shapes.output("matmul", y.tensor(), b.tensor());
    set.matmul(Products.of(a, b, y), a.tensor(), b.tensor(), y.tensor());
  }

  @Override
  public void reduce(ReduceOp op, int[] axes, Tensor x, Tensor y) {
    Shapes.data("reduce", "x", x);
    Shapes.data("reduce", "y", y);
    Shapes.output("reduce", y, x);
    boolean[] reduced = new boolean[x.rank()];
    for (int axis : axes) {
      int at = Shapes.axis("reduce", axis, x);
      Check.that(!reduced[at], "reduce: axis %d is named twice", axis);
      reduced[at] = true;
    }
    Shapes.reduced(x, reduced, y);
    Tensor in = x;
    int begin = 0;
    while (begin < reduced.length && !reduced[begin]) {
      begin++;
    }
    int end = begin;
    while (end < reduced.length && (reduced[end] || x.dimension(end) == 1)) {
      end++;
    }
    for (int i = end; i < reduced.length; i++) {
      if (reduced[i] && x.dimension(i) > 1) { // not side by side: bring them to the end first
        in = Movement.withLast(x, reduced);
        begin = Shapes.count(reduced, false);
        end = reduced.length;
        break;
      }
    }
    set.reduce(
        op,
        Shapes.product(in, 0, begin),
        Shapes.product(in, begin, end),
        Shapes.product(in, end, in.rank()),
        in,
        y);
  }

  @Override
  public void concat(int axis, List<Tensor> xs, Tensor y) {
    Movement.concat(axis, xs, y);
  }

  @Override
  public void slice(int axis, int begin, int step, Tensor x, Tensor y) {
    Movement.slice(axis, begin, step, x, y);
  }

  private void weights(String operation, PackedWeights w) {
    Check.that(
        set.packed(TwoForms.of(w, 1)),
        "%s: the weights were not packed by the %s kernels",
        operation,
        name());
  }

  private static void bias(String operation, @Nullable Tensor bias, PackedWeights w) {
    if (bias != null) {
      Shapes.exactly(operation, "bias", bias, w.outputs());
    }
  }
}
