// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Runs the fixed chunks of one operation on several threads; which thread takes which is open. */
final class JavaWorkers {

  private JavaWorkers() {}

  static void run(int tasks, IntConsumer task) {
    int threads = Math.min(Threads.count(), tasks);
    AtomicInteger next = new AtomicInteger();
    Runnable worker =
        () -> {
          for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) {
            task.accept(i);
          }
        };
    ForkJoinTask<?>[] helpers = new ForkJoinTask<?>[threads - 1];
    for (int i = 0; i < helpers.length; i++) {
      helpers[i] = ForkJoinPool.commonPool().submit(worker);
    }
    try {
      worker.run();
    } finally {
      for (ForkJoinTask<?> helper : helpers) {
        helper.cancel(false); // one that has not begun has nothing left to do
        helper.quietlyJoin();
      }
    }
    for (ForkJoinTask<?> helper : helpers) {
      if (helper.isCompletedAbnormally() && !helper.isCancelled()) {
        throw new IllegalStateException("a worker failed", helper.getException());
      }
    }
  }
}
