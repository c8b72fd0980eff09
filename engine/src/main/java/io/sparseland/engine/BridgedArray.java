// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrayAdapter;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.charset.Charset;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Hands operations on to the other engine: the array is copied there, and results are arrays of
 * that engine, owned by the same manager. In-place operations copy the result back.
 *
 * <p>{@link NDArrayAdapter} does so for most operations; here stand those that it refuses.
 *
 * @see OtherEngine#newManager for what happens without that engine
 */
abstract class BridgedArray extends NDArrayAdapter {

  BridgedArray(NDManager manager, Shape shape, DataType type) {
    super(manager, null, shape, type, NDManager.nextUid());
    alternativeManager = lazyOther(manager);
  }

  private static NDManager lazyOther(NDManager manager) {
    return manager instanceof SparselandNDManager ours
        ? ours.lazyOther()
        : OtherEngine.lazily(() -> manager);
  }

  /** A copy of this array in the other engine. */
  final NDArray twin(String operation) {
    return OtherEngine.copy(this, other(operation));
  }

  final <T> T elsewhere(String operation, Function<NDArray, T> function) {
    return function.apply(twin(operation));
  }

  private NDArray inPlace(String operation, UnaryOperator<NDArray> function) {
    try (NDArray twin = twin(operation)) {
      set(function.apply(twin).toByteBuffer());
    }
    return this;
  }

  private NDManager other(String operation) {
    return manager instanceof SparselandNDManager ours ? ours.other(operation) : manager;
  }

  @Override
  public void attach(NDManager target) {
    detach();
    manager = target;
    alternativeManager = lazyOther(target);
    target.attachInternal(getUid(), this);
  }

  @Override
  public void returnResource(NDManager target) {
    detach();
    manager = target;
    alternativeManager = lazyOther(target);
    target.attachUncappedInternal(getUid(), this);
  }

  @Override
  public void set(NDIndex index, NDArray value) {
    inPlace(
        "set",
        array -> {
          array.set(index, array.getManager().from(value));
          return array;
        });
  }

  @Override
  public NDArray take(NDManager target, NDArray index) {
    return elsewhere("take", array -> array.take(array.getManager().from(index)));
  }

  @Override
  public String[] toStringArray(Charset charset) {
    throw new IllegalStateException("the array holds " + getDataType() + ", not strings");
  }

  @Override
  public void setRequiresGradient(boolean requires) {
    throw gradients();
  }

  @Override
  public NDArray getGradient() {
    throw gradients();
  }

  /** The array itself: there is no gradient to stop. */
  @Override
  public NDArray stopGradient() {
    return this;
  }

  private static UnsupportedOperationException gradients() {
    return new UnsupportedOperationException(
        "gradients need the " + OtherEngine.NAME + " engine; Sparseland runs inference only");
  }

  @Override
  public NDArray addi(Number n) {
    return inPlace("addi", array -> array.addi(n));
  }

  @Override
  public NDArray addi(NDArray other) {
    return inPlace("addi", array -> array.addi(array.getManager().from(other)));
  }

  @Override
  public NDArray subi(Number n) {
    return inPlace("subi", array -> array.subi(n));
  }

  @Override
  public NDArray subi(NDArray other) {
    return inPlace("subi", array -> array.subi(array.getManager().from(other)));
  }

  @Override
  public NDArray muli(Number n) {
    return inPlace("muli", array -> array.muli(n));
  }

  @Override
  public NDArray muli(NDArray other) {
    return inPlace("muli", array -> array.muli(array.getManager().from(other)));
  }

  @Override
  public NDArray divi(Number n) {
    return inPlace("divi", array -> array.divi(n));
  }

  @Override
  public NDArray divi(NDArray other) {
    return inPlace("divi", array -> array.divi(array.getManager().from(other)));
  }

  @Override
  public NDArray modi(Number n) {
    return inPlace("modi", array -> array.modi(n));
  }

  @Override
  public NDArray modi(NDArray other) {
    return inPlace("modi", array -> array.modi(array.getManager().from(other)));
  }

  @Override
  public NDArray powi(Number n) {
    return inPlace("powi", array -> array.powi(n));
  }

  @Override
  public NDArray powi(NDArray other) {
    return inPlace("powi", array -> array.powi(array.getManager().from(other)));
  }

  @Override
  public NDArray signi() {
    return inPlace("signi", NDArray::signi);
  }

  @Override
  public NDArray negi() {
    return inPlace("negi", NDArray::negi);
  }

  @Override
  public NDArray put(NDArray index, NDArray value) {
    return elsewhere(
        "put", array -> array.put(array.getManager().from(index), array.getManager().from(value)));
  }

  @Override
  public NDArray scatter(NDArray index, NDArray value, int axis) {
    return elsewhere(
        "scatter",
        array ->
            array.scatter(array.getManager().from(index), array.getManager().from(value), axis));
  }

  @Override
  public NDArray fft(long length, long axis) {
    return elsewhere("fft", array -> array.fft(length, axis));
  }

  @Override
  public NDArray ifft(long length, long axis) {
    return elsewhere("ifft", array -> array.ifft(length, axis));
  }

  @Override
  public NDArray rfft(long length, long axis) {
    return elsewhere("rfft", array -> array.rfft(length, axis));
  }

  @Override
  public NDArray irfft(long length, long axis) {
    return elsewhere("irfft", array -> array.irfft(length, axis));
  }

  @Override
  public NDArray stft(
      long length, long hop, boolean center, NDArray window, boolean normalize, boolean complex) {
    return elsewhere(
        "stft",
        array ->
            array.stft(length, hop, center, array.getManager().from(window), normalize, complex));
  }

  @Override
  public NDArray fft2(long[] sizes, long[] axes) {
    return elsewhere("fft2", array -> array.fft2(sizes, axes));
  }

  @Override
  public NDArray ifft2(long[] sizes, long[] axes) {
    return elsewhere("ifft2", array -> array.ifft2(sizes, axes));
  }

  @Override
  public NDArray pad(Shape padding, double value) {
    return elsewhere("pad", array -> array.pad(padding, value));
  }

  @Override
  public NDList unique(Integer dim, boolean sorted, boolean inverse, boolean counts) {
    return elsewhere("unique", array -> array.unique(dim, sorted, inverse, counts));
  }

  @Override
  public NDArray batchMatMul(NDArray other) {
    return elsewhere("batchMatMul", array -> array.batchMatMul(array.getManager().from(other)));
  }

  @Override
  public NDArray xlogy(NDArray other) {
    return elsewhere("xlogy", array -> array.xlogy(array.getManager().from(other)));
  }

  @Override
  public NDList topK(int k, int axis, boolean largest, boolean sorted) {
    return elsewhere("topK", array -> array.topK(k, axis, largest, sorted));
  }

  @Override
  public NDArray complex() {
    return elsewhere("complex", NDArray::complex);
  }

  @Override
  public NDArray real() {
    return elsewhere("real", NDArray::real);
  }

  @Override
  public NDArray conj() {
    return elsewhere("conj", NDArray::conj);
  }

  @Override
  public NDArray diff(int n, int dim) {
    return elsewhere("diff", array -> array.diff(n, dim));
  }
}
