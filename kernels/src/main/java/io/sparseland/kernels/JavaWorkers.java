// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs the fixed chunks of one operation on several threads; which thread takes which is open. What
 * a chunk throws is thrown as it is when all are done.
 */
public final class JavaWorkers {

  private JavaWorkers() {}

  /** Calls the task with 0 to tasks - 1, on at most {@link Threads#count()} threads. */
  public static void run(int tasks, IntConsumer task) {
    int helpers = Math.min(Threads.count(), tasks) - 1;
    if (helpers == 0) {
      for (int i = 0; i < tasks; i++) {
        task.accept(i);
      }
      return;
    }
    Job job = new Job(tasks, task);
    for (int i = 0; i < helpers; i++) {
      ForkJoinPool.commonPool().execute(job); // one that begins late finds nothing left to do
    }
    job.run();
    job.await();
  }

  private static final class Job implements Runnable {

    private final int tasks;
    private final IntConsumer task;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final CountDownLatch done;

    private Job(int tasks, IntConsumer task) {
      this.tasks = tasks;
      this.task = task;
      this.done = new CountDownLatch(tasks);
    }

    @Override
    public void run() {
      for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) {
        try {
          task.accept(i);
        } catch (RuntimeException | Error e) {
          failure.compareAndSet(null, e); // thrown by await
        } finally {
          done.countDown();
        }
      }
    }

    /** Waits for the chunks that others have taken; an interrupt is kept for later. */
    private void await() {
      boolean interrupted = false;
      while (true) {
        try {
          done.await();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      Throwable thrown = failure.get();
      if (thrown instanceof Error error) {
        throw error;
      }
      if (thrown instanceof RuntimeException exception) {
        throw exception;
      }
    }
  }
}
