// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.Tensor;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/** Time by kind and shape of step, over all runs of a model; for those who tune. */
final class Profile {

  private final Map<String, LongAdder> nanoseconds = new ConcurrentHashMap<>();
  private final Map<String, LongAdder> calls = new ConcurrentHashMap<>();

  /** Runs the steps of a plan and counts. */
  void run(Plan plan, Tensor[] values) {
    List<Steps.Step> steps = plan.steps();
    long before = System.nanoTime();
    for (int i = 0; i < steps.size(); i++) {
      steps.get(i).run(values);
      long after = System.nanoTime();
      String label = plan.labels().get(i);
      nanoseconds.computeIfAbsent(label, key -> new LongAdder()).add(after - before);
      calls.computeIfAbsent(label, key -> new LongAdder()).increment();
      before = after;
    }
  }

  /** One line for each kind of step, the most expensive first. */
  @Override
  public String toString() {
    return nanoseconds.entrySet().stream()
        .sorted(Comparator.comparingLong(e -> -e.getValue().sum()))
        .map(e -> line(e.getKey(), e.getValue().sum()))
        .collect(Collectors.joining("\n"));
  }

  private String line(String label, long sum) {
    long count = calls.getOrDefault(label, new LongAdder()).sum();
    return String.format(
        Locale.ROOT, "%9.1f ms %8d calls %9.1f us  %s", sum / 1e6, count, sum / 1e3 / count, label);
  }
}
