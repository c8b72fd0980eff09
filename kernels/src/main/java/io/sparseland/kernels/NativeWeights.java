// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.lang.ref.Cleaner;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongToIntFunction;
import org.jspecify.annotations.Nullable;

/** A handle to native memory: many calls may read it, closing waits for them. */
final class NativeWeights implements PackedWeights {

  private static final Cleaner CLEANER = Cleaner.create();

  private final int outputs;
  private final int inputs;
  private final @Nullable ConvShape window;
  private final WeightType type;
  private final String design;
  private final int level;
  private final Memory memory;
  private final Cleaner.Cleanable cleanable;

  NativeWeights(int level, Matrix w, String design, long handle) {
    this.outputs = w.outputs();
    this.inputs = w.inputs();
    this.window = w.window();
    this.type = w.values().type();
    this.design = design;
    this.level = level;
    this.memory = new Memory(handle);
    this.cleanable = CLEANER.register(this, memory);
  }

  int level() {
    return level;
  }

  /** Calls with the handle, which stays valid until the call returns. */
  int use(LongToIntFunction call) {
    memory.lock.readLock().lock();
    try {
      if (memory.handle == 0) {
        throw new IllegalStateException("the weights are closed");
      }
      return call.applyAsInt(memory.handle);
    } finally {
      memory.lock.readLock().unlock();
      java.lang.ref.Reference.reachabilityFence(this);
    }
  }

  @Override
  public int outputs() {
    return outputs;
  }

  @Override
  public int inputs() {
    return inputs;
  }

  @Override
  public @Nullable ConvShape window() {
    return window;
  }

  @Override
  public WeightType type() {
    return type;
  }

  @Override
  public String design(int tokens) {
    return design;
  }

  @Override
  public long bytes() {
    memory.lock.readLock().lock();
    try {
      return memory.handle == 0 ? 0 : NativeCalls.weightsBytes(memory.handle);
    } finally {
      memory.lock.readLock().unlock();
      java.lang.ref.Reference.reachabilityFence(this);
    }
  }

  @Override
  public void close() {
    cleanable.clean();
  }

  /** Frees the native memory once: on close, or when the owner is forgotten. */
  private static final class Memory implements Runnable {

    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private long handle;

    private Memory(long handle) {
      this.handle = handle;
    }

    @Override
    public void run() {
      lock.writeLock().lock();
      try {
        NativeCalls.weightsFree(handle);
        handle = 0;
      } finally {
        lock.writeLock().unlock();
      }
    }
  }
}
