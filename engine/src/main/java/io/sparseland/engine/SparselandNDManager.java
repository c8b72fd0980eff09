// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Creates arrays in direct memory. What it does not create itself (random numbers and the like) is
 * created by the PyTorch engine, or refused with that engine's name.
 */
class SparselandNDManager extends BaseNDManager {

  private static final SparselandNDManager SYSTEM = new SystemManager();

  private final NDManager lazyOther = OtherEngine.lazily(() -> other(OtherEngine.operation()));
  private @Nullable NDManager other;

  private SparselandNDManager(@Nullable NDManager parent, @Nullable Device device) {
    super(parent, device);
  }

  static SparselandNDManager system() {
    return SYSTEM;
  }

  @Override
  public Engine getEngine() {
    return Engine.getEngine(SparselandEngine.NAME);
  }

  /** The manager's half in the other engine, opened on first need and closed with this manager. */
  synchronized NDManager other(String operation) {
    if (other == null) {
      other = OtherEngine.newManager(operation);
    }
    return other;
  }

  /** The same, opened by the first call of one of its methods. */
  NDManager lazyOther() {
    return lazyOther;
  }

  @Override
  public ByteBuffer allocateDirect(int capacity) {
    return Memory.allocate(capacity);
  }

  /** Our arrays as they are; those of another engine copied. */
  @Override
  public @Nullable NDArray from(@Nullable NDArray array) {
    if (array == null || array instanceof SparselandNDArray) {
      return array;
    }
    NDArray copy = create(array.toByteBuffer(), array.getShape(), array.getDataType());
    copy.setName(array.getName());
    return copy;
  }

  /** Copies {@code data}. */
  @Override
  public NDArray create(Buffer data, Shape shape, DataType dataType) {
    int size = Math.toIntExact(shape.size());
    validateBuffer(data, dataType, size);
    ByteBuffer bytes = allocateDirect(Math.multiplyExact(size, dataType.getNumOfBytes()));
    copyBuffer(data.duplicate(), bytes);
    return new SparselandNDArray(this, bytes, shape, dataType);
  }

  @Override
  public NDArray zeros(Shape shape, DataType dataType) {
    int bytes = Math.toIntExact(Math.multiplyExact(shape.size(), dataType.getNumOfBytes()));
    return new SparselandNDArray(this, allocateDirect(bytes), shape, dataType);
  }

  @Override
  public NDArray ones(Shape shape, DataType dataType) {
    return full(shape, 1, dataType);
  }

  @Override
  public NDArray full(Shape shape, float value, DataType dataType) {
    NDArray array = zeros(shape, dataType);
    ByteBuffer bytes = array.toByteBuffer(true);
    for (int i = 0; i < array.size(); i++) {
      Elements.put(bytes, dataType, i, value);
    }
    return array;
  }

  @Override
  public NDArray arange(float start, float stop, float step, DataType dataType) {
    int size = Math.max(0, (int) Math.ceil(((double) stop - start) / step));
    NDArray array = zeros(new Shape(size), dataType);
    ByteBuffer bytes = array.toByteBuffer(true);
    for (int i = 0; i < size; i++) {
      Elements.put(bytes, dataType, i, start + (double) i * step);
    }
    return array;
  }

  @Override
  public NDArray create(String[] data, Charset charset, Shape shape) {
    return other("create(String)").create(data, charset, shape);
  }

  @Override
  public NDArray createCoo(Buffer data, long[][] indices, Shape shape) {
    return other("createCoo").createCoo(data, indices, shape);
  }

  @Override
  public NDArray createCSR(Buffer data, long[] pointers, long[] indices, Shape shape) {
    return other("createCSR").createCSR(data, pointers, indices, shape);
  }

  @Override
  public NDArray createRowSparse(Buffer data, Shape dataShape, long[] indices, Shape shape) {
    return other("createRowSparse").createRowSparse(data, dataShape, indices, shape);
  }

  @Override
  public NDList load(Path path) {
    return other("load").load(path);
  }

  @Override
  public NDArray eye(int rows, int cols, int k, DataType dataType) {
    return other("eye").eye(rows, cols, k, dataType);
  }

  @Override
  public NDArray linspace(float start, float stop, int num, boolean endpoint) {
    return other("linspace").linspace(start, stop, num, endpoint);
  }

  @Override
  public NDArray randomInteger(long low, long high, Shape shape, DataType dataType) {
    return other("randomInteger").randomInteger(low, high, shape, dataType);
  }

  @Override
  public NDArray randomPermutation(long n) {
    return other("randomPermutation").randomPermutation(n);
  }

  @Override
  public NDArray randomUniform(float low, float high, Shape shape, DataType dataType) {
    return other("randomUniform").randomUniform(low, high, shape, dataType);
  }

  @Override
  public NDArray randomNormal(float loc, float scale, Shape shape, DataType dataType) {
    return other("randomNormal").randomNormal(loc, scale, shape, dataType);
  }

  @Override
  public NDArray truncatedNormal(float loc, float scale, Shape shape, DataType dataType) {
    return other("truncatedNormal").truncatedNormal(loc, scale, shape, dataType);
  }

  @Override
  public NDManager newSubManager(@Nullable Device device) {
    if (device != null && !device.equals(Device.cpu())) {
      throw new IllegalArgumentException(
          "device " + device + ": the Sparseland engine runs on cpu() only");
    }
    SparselandNDManager manager = new SparselandNDManager(this, device);
    attachUncappedInternal(manager.uid, manager);
    return manager;
  }

  @Override
  public synchronized void close() {
    super.close();
    if (other != null) {
      other.close();
      other = null;
    }
  }

  private static final class SystemManager extends SparselandNDManager implements SystemNDManager {
    SystemManager() {
      super(null, null);
    }
  }
}
