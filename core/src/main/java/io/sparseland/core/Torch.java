// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Supplier;

/** The one class that touches the PyTorch engine. */
public final class Torch {

  /** Name of the engine. */
  public static final String ENGINE = "PyTorch";

  private static final Set<DataType> SAFE =
      EnumSet.of(
          DataType.FLOAT16,
          DataType.FLOAT32,
          DataType.FLOAT64,
          DataType.INT8,
          DataType.UINT8,
          DataType.INT32,
          DataType.INT64,
          DataType.BOOLEAN);

  private Torch() {}

  /**
   * Runs with gradient recording off on this thread, and puts the mode back.
   *
   * <p>The mode is thread-local and on in every thread but the one that started the engine.
   */
  public static <T> T withoutGradients(Supplier<T> body) {
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(false);
    try {
      return body.get();
    } finally {
      JniUtils.setGradMode(before);
    }
  }

  /** Runs with gradient recording off on this thread, and puts the mode back. */
  public static void withoutGradients(Runnable body) {
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(false);
    try {
      body.run();
    } finally {
      JniUtils.setGradMode(before);
    }
  }

  /** Whether operations on this thread are recorded for gradients. */
  public static boolean recordsGradients() {
    return JniUtils.isGradMode();
  }

  /**
   * Sets an array's gradient to zero.
   *
   * @throws IllegalArgumentException for an array of another engine
   */
  public static void zeroGradient(NDArray array) {
    if (!(array instanceof PtNDArray torch)) {
      throw new IllegalArgumentException(
          "gradients can be zeroed on arrays of the PyTorch engine, found "
              + array.getClass().getName());
    }
    JniUtils.zeroGrad(torch);
  }

  /**
   * Copies the numbers of an array into the memory of another of the same size and type. The engine
   * does not hear of it, so a weight may be changed between a forward and a backward pass. ({@link
   * NDArray#copyTo} would give the other array new memory.)
   *
   * @param to in one piece, not a strided view
   */
  public static void copy(NDArray from, NDArray to) {
    Check.that(
        from.size() == to.size() && from.getDataType() == to.getDataType(),
        "%s %s cannot be copied into %s %s",
        from.getDataType(),
        from.getShape(),
        to.getDataType(),
        to.getShape());
    to.toByteBuffer(true).put(from.toByteBuffer(true));
  }

  /** Threads that one operation may use. */
  public static int threads() {
    return JniUtils.getNumThreads();
  }

  /** Sets the threads that one operation may use, from now on. */
  public static void setThreads(int threads) {
    Check.that(threads >= 1, "%d threads, allowed: 1 or more", threads);
    JniUtils.setNumThreads(threads);
  }

  /**
   * Refuses element types that end the process inside the engine.
   *
   * @throws IllegalArgumentException naming the type and those allowed
   */
  public static void check(DataType type) {
    if (!SAFE.contains(type)) {
      throw new IllegalArgumentException(
          "element type %s is not supported by the PyTorch engine; allowed: %s"
              .formatted(type, SAFE));
    }
  }

  /**
   * An array times a number, such that backward is right: an array of the engine's own memory, not
   * a number, whose memory DJL 0.36 frees before backward reads it.
   */
  public static NDArray times(NDArray x, double number) {
    try (NDArray borrowed = x.getManager().create((float) number);
        NDArray owned = borrowed.duplicate()) {
      return x.mul(owned);
    }
  }
}
