// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import io.sparseland.recipes.run.Json;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The results of a sweep as text.
 *
 * @param command that makes them again
 * @param version of the toolkit
 * @param machine they were measured on
 * @param rows in the order of the grid
 * @param summaries over seeds; empty without a seed axis
 */
record SweepTable(
    String command, String version, String machine, List<Row> rows, List<Summary> summaries) {

  /** Figures of the Markdown table beside the quality, where a row has them. */
  private static final List<String> SHOWN =
      List.of(
          "sparsity",
          "flops_ratio",
          "train_flops_ratio",
          "speedup",
          "bytes_sparse",
          "peak_memory_bytes",
          "seconds");

  String json() {
    return Json.write(this) + "\n";
  }

  /** Every figure, comma separated, quoted where needed (RFC 4180). */
  String csv() {
    Set<String> settings = settings();
    Set<String> figures = new LinkedHashSet<>();
    rows.forEach(row -> figures.addAll(row.figures().keySet()));
    StringBuilder text = new StringBuilder();
    List<String> head = new ArrayList<>(settings);
    head.addAll(figures);
    head.addAll(List.of("exit", "error", "run"));
    csv(text, head);
    for (Row row : rows) {
      List<String> cells = new ArrayList<>();
      settings.forEach(name -> cells.add(row.settings().getOrDefault(name, "")));
      figures.forEach(name -> cells.add(row.figure(name).map(Object::toString).orElse("")));
      cells.addAll(List.of(Integer.toString(row.exit()), row.error(), row.run()));
      csv(text, cells);
    }
    return text.toString();
  }

  /** What a reader wants to see first. */
  String markdown() {
    Set<String> settings = settings();
    List<String> figures = new ArrayList<>();
    Quality.of(rows).ifPresent(figures::add);
    SHOWN.stream()
        .filter(name -> rows.stream().anyMatch(row -> row.figure(name).isPresent()))
        .forEach(figures::add);
    StringBuilder text = new StringBuilder();
    List<String> head = new ArrayList<>(settings);
    head.addAll(figures);
    head.add("");
    line(text, head);
    line(text, head.stream().map(h -> figures.contains(h) ? "---:" : "---").toList());
    for (Row row : rows) {
      List<String> cells = new ArrayList<>();
      settings.forEach(name -> cells.add(row.settings().getOrDefault(name, "")));
      figures.forEach(name -> cells.add(row.figure(name).map(SweepTable::number).orElse("")));
      cells.add(row.exit() == 0 ? "" : "exit " + row.exit() + ": " + reason(row));
      line(text, cells);
    }
    summary(text);
    return "`" + command + "`\n\n" + text + "\n" + version + ", " + machine + "\n";
  }

  /** A second table: over seeds. */
  private void summary(StringBuilder text) {
    if (summaries.isEmpty()) {
      return;
    }
    text.append("\n");
    List<String> head = new ArrayList<>(summaries.get(0).settings().keySet());
    int names = head.size();
    String quality = Quality.of(rows).orElse("");
    head.addAll(List.of("runs", "sparsity", quality, "sd", "difference", "paired t-test p"));
    line(text, head);
    List<String> rule = new ArrayList<>();
    head.forEach(h -> rule.add(rule.size() < names ? "---" : "---:"));
    line(text, rule);
    for (Summary each : summaries) {
      List<String> cells = new ArrayList<>(each.settings().values());
      cells.add(Integer.toString(each.runs()));
      cells.add(digits(each.sparsity(), "%.4f"));
      cells.add(digits(each.mean(), "%.4f"));
      cells.add(digits(each.deviation(), "%.4f"));
      cells.add(digits(each.difference(), "%+.4f"));
      cells.add(digits(each.p(), "%.2g"));
      line(text, cells);
    }
  }

  private static String digits(@Nullable Double value, String format) {
    return value == null || value.isNaN() ? "" : String.format(Locale.ROOT, format, value);
  }

  private static String reason(Row row) {
    return row.error().isEmpty() ? "expect not met" : row.error();
  }

  private Set<String> settings() {
    Set<String> names = new LinkedHashSet<>();
    rows.forEach(row -> names.addAll(row.settings().keySet()));
    return names;
  }

  private static String number(Number number) {
    double value = number.doubleValue();
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      return String.format(Locale.ROOT, "%,d", (long) value);
    }
    return String.format(Locale.ROOT, Math.abs(value) >= 10 ? "%.2f" : "%.4f", value);
  }

  private static void line(StringBuilder text, List<String> cells) {
    List<String> safe = cells.stream().map(c -> c.replace("|", "\\|")).toList();
    text.append("| ").append(String.join(" | ", safe)).append(" |\n");
  }

  private static void csv(StringBuilder text, List<String> cells) {
    List<String> quoted =
        cells.stream()
            .map(c -> c.matches("(?s).*[\",\r\n].*") ? "\"" + c.replace("\"", "\"\"") + "\"" : c)
            .toList();
    text.append(String.join(",", quoted)).append("\r\n");
  }

  /** Rows that failed. */
  List<Row> failed() {
    return rows.stream().filter(row -> !row.error().isEmpty()).toList();
  }

  /** Exit code of the first run that did not end well. */
  Optional<Integer> worst() {
    return rows.stream().filter(row -> row.exit() != 0).map(Row::exit).findFirst();
  }
}
