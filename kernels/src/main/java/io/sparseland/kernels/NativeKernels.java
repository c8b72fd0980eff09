// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static java.nio.ByteOrder.nativeOrder;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The native library at one level. */
final class NativeKernels implements KernelSet {

  /** By their codes. */
  private static final List<String> DESIGNS =
      Stream.iterate(0, code -> code + 1)
          .map(NativeCalls::designName)
          .takeWhile(design -> !design.isEmpty())
          .toList();

  private static final Set<String> CONVOLVE =
      Set.of(Kernels.DENSE, Kernels.ONEDNN, Kernels.SPARSE, "block4");

  private final int level;
  private final String name;

  NativeKernels(int level, String name) {
    this.level = level;
    this.name = name;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<String> designs() {
    return DESIGNS;
  }

  @Override
  public @Nullable String refuses(Matrix w, String design) {
    if (design.equals(Kernels.ONEDNN) && !OneDnn.loaded()) { // loads it at the first call
      return OneDnn.status();
    }
    if (w.window() != null && !CONVOLVE.contains(design)) {
      return "it has no convolution";
    }
    if (w.window() != null && w.values().type() != WeightType.FP32) {
      return "convolutions run as fp32";
    }
    Direct m = new Direct(w);
    return NativeCalls.refuses(level, DESIGNS.indexOf(design), m.sizes, m.mask, m.values, m.scales);
  }

  @Override
  public PackedWeights pack(Matrix w, String design) {
    Direct m = new Direct(w);
    long handle =
        NativeCalls.pack(
            level, DESIGNS.indexOf(design), window(w), m.sizes, m.mask, m.values, m.scales);
    if (handle <= 0) {
      check((int) -handle);
    }
    return new NativeWeights(level, w, design, handle);
  }

  private static int @Nullable [] window(Matrix w) {
    ConvShape s = w.window();
    return s == null
        ? null
        : new int[] {
          s.kernelH(),
          s.kernelW(),
          s.strideH(),
          s.strideW(),
          s.padH(),
          s.padW(),
          s.dilationH(),
          s.dilationW(),
          s.groups()
        };
  }

  @Override
  public boolean packed(PackedWeights w) {
    return w instanceof NativeWeights own && own.level() == level;
  }

  @Override
  public void linear(
      PackedWeights w,
      @Nullable Tensor bias,
      Activation act,
      @Nullable Tensor residual,
      int m,
      Tensor x,
      Tensor y) {
    int threads = Threads.count();
    check(
        ((NativeWeights) w)
            .use(
                handle ->
                    NativeCalls.linear(
                        handle,
                        w.outputs(),
                        w.inputs(),
                        bias == null ? null : bias.memory(),
                        code(act),
                        m,
                        code(x.layout()),
                        x.memory(),
                        code(y.layout()),
                        residual == null ? null : residual.memory(),
                        y.memory(),
                        threads)));
  }

  @Override
  public void convert(int m, int k, Tensor x, Tensor y) {
    boolean toPanels = y.layout() == Layout.PANELS;
    check(NativeCalls.convert(level, m, k, toPanels, x.memory(), y.memory(), Threads.count()));
  }

  @Override
  public void conv2d(
      PackedWeights w, @Nullable Tensor bias, Activation act, ConvShape s, Tensor x, Tensor y) {
    int[] shape = {
      x.dimension(0),
      x.dimension(1),
      x.dimension(2),
      x.dimension(3),
      y.dimension(1),
      y.dimension(2),
      y.dimension(3),
      s.kernelH(),
      s.kernelW(),
      s.strideH(),
      s.strideW(),
      s.padH(),
      s.padW(),
      s.dilationH(),
      s.dilationW(),
      s.groups()
    };
    int threads = Threads.count();
    check(
        ((NativeWeights) w)
            .use(
                handle ->
                    NativeCalls.conv2d(
                        handle,
                        bias == null ? null : bias.memory(),
                        code(act),
                        shape,
                        x.memory(),
                        y.memory(),
                        threads)));
  }

  @Override
  public void pool2d(PoolShape s, Tensor x, Tensor y) {
    int[] shape = {
      x.dimension(0) * x.dimension(1),
      x.dimension(2),
      x.dimension(3),
      y.dimension(2),
      y.dimension(3),
      s.kernelH(),
      s.kernelW(),
      s.strideH(),
      s.strideW(),
      s.padH(),
      s.padW(),
      code(s.kind()),
      s.countPadding() ? 1 : 0
    };
    check(NativeCalls.pool2d(level, shape, x.memory(), y.memory(), Threads.count()));
  }

  @Override
  public void layerNorm(
      int outer, int n, int inner, Tensor x, Tensor scale, Tensor shift, float epsilon, Tensor y) {
    check(
        NativeCalls.layerNorm(
            level,
            outer,
            n,
            inner,
            x.memory(),
            scale.memory(),
            shift.memory(),
            epsilon,
            y.memory(),
            Threads.count()));
  }

  @Override
  public void channelAffine(
      int outer, int channels, int inner, Tensor x, Tensor scale, Tensor shift, Tensor y) {
    check(
        NativeCalls.channelAffine(
            level,
            outer,
            channels,
            inner,
            x.memory(),
            scale.memory(),
            shift.memory(),
            y.memory(),
            Threads.count()));
  }

  @Override
  public void unary(UnaryOp op, float p0, float p1, Tensor x, Tensor y) {
    check(
        NativeCalls.unary(
            level, code(op), p0, p1, x.size(), x.memory(), y.memory(), Threads.count()));
  }

  @Override
  public void binary(BinaryOp op, Broadcast plan, Tensor a, Tensor b, Tensor y) {
    check(
        NativeCalls.binary(
            level,
            code(op),
            plan.sizes(),
            plan.stepsA(),
            plan.stepsB(),
            a.memory(),
            b.memory(),
            y.memory(),
            Threads.count()));
  }

  @Override
  public void softmax(int outer, int n, int inner, boolean log, Tensor x, Tensor y) {
    check(
        NativeCalls.softmax(level, outer, n, inner, log, x.memory(), y.memory(), Threads.count()));
  }

  @Override
  public void matmul(Products shape, Tensor a, Tensor b, Tensor y) {
    check(
        NativeCalls.matmul(
            level,
            shape.sizesAndSteps(),
            shape.offsets(),
            a.memory(),
            b.memory(),
            y.memory(),
            Threads.count()));
  }

  @Override
  public void reduce(ReduceOp op, int outer, int n, int inner, Tensor x, Tensor y) {
    check(
        NativeCalls.reduce(
            level, code(op), outer, n, inner, x.memory(), y.memory(), Threads.count()));
  }

  @SuppressWarnings("EnumOrdinal") // the order of these enums is the code of the C API
  private static int code(Enum<?> constant) {
    return constant.ordinal();
  }

  private static void check(int status) {
    if (status == NativeCalls.NO_MEMORY) {
      throw new OutOfMemoryError("native kernels: no memory for a packed or temporary array");
    }
    if (status != NativeCalls.OK) {
      throw new IllegalStateException("native kernels: status " + status);
    }
  }

  /**
   * A matrix in memory that native code can read: in place where it lies off the heap, as that of a
   * file does, else a copy.
   */
  private static final class Direct {

    private final int[] sizes;
    private final @Nullable LongBuffer mask;
    private final ByteBuffer values;
    private final @Nullable FloatBuffer scales;

    private Direct(Matrix w) {
      TypedValues v = w.values();
      sizes = new int[] {code(v.type()), w.outputs(), w.inputs(), v.count()};
      values = v.bytes().isDirect() ? v.bytes().slice() : memory(v.bytes().limit()).put(v.bytes());
      LongBuffer bits = w.mask();
      mask =
          bits == null || (bits.isDirect() && bits.order().equals(nativeOrder()))
              ? bits
              : memory(8 * bits.limit()).asLongBuffer().put(bits);
      FloatBuffer s = v.scales();
      scales = s == null ? null : memory(4 * s.limit()).asFloatBuffer().put(s);
    }

    private static ByteBuffer memory(int size) {
      return ByteBuffer.allocateDirect(size).order(nativeOrder());
    }
  }
}
