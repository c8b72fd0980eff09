// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Executions that nobody uses now, by binding of the symbols. Bounded in number and bytes; those of
 * the binding that was used least recently go first. Safe for use by several threads.
 */
final class ExecutionPool {

  private final int mostIdle;
  private final long mostBytes;
  private final Map<Map<String, Long>, Deque<Execution>> idle =
      new LinkedHashMap<>(16, 0.75f, true);
  private int idleCount;
  private long idleBytes;
  private int busyCount;
  private long busyBytes;

  ExecutionPool(int mostIdle, long mostBytes) {
    this.mostIdle = mostIdle;
    this.mostBytes = mostBytes;
  }

  /** An idle execution for the binding, or a new one. */
  Execution borrow(Map<String, Long> symbols, Supplier<Execution> maker) {
    Execution execution = poll(symbols);
    if (execution == null) {
      execution = maker.get();
    }
    synchronized (this) {
      busyCount++;
      busyBytes += execution.plan().bytes();
    }
    return execution;
  }

  /** Takes an execution back and lets go what is too much. */
  synchronized void giveBack(Map<String, Long> symbols, Execution execution) {
    busyCount--;
    busyBytes -= execution.plan().bytes();
    idle.computeIfAbsent(symbols, key -> new ArrayDeque<>()).push(execution);
    idleCount++;
    idleBytes += execution.plan().bytes();
    Iterator<Deque<Execution>> eldest = idle.values().iterator();
    while (idleCount > 1 && (idleCount > mostIdle || idleBytes > mostBytes)) {
      Deque<Execution> same = eldest.next();
      while (!same.isEmpty() && idleCount > 1 && (idleCount > mostIdle || idleBytes > mostBytes)) {
        idleBytes -= same.removeLast().plan().bytes();
        idleCount--;
      }
      if (same.isEmpty()) {
        eldest.remove();
      }
    }
  }

  /** Lets all go. */
  synchronized void clear() {
    idle.clear();
    idleCount = 0;
    idleBytes = 0;
  }

  synchronized int idleCount() {
    return idleCount;
  }

  synchronized int busyCount() {
    return busyCount;
  }

  /** Memory of all executions, in bytes. */
  synchronized long bytes() {
    return idleBytes + busyBytes;
  }

  private synchronized @Nullable Execution poll(Map<String, Long> symbols) {
    Deque<Execution> same = idle.get(symbols);
    if (same == null || same.isEmpty()) {
      return null;
    }
    Execution execution = same.pop();
    idleCount--;
    idleBytes -= execution.plan().bytes();
    return execution;
  }
}
