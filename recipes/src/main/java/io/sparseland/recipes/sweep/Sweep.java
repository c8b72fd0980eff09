// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.sparseland.kernels.format.AtomicFiles;
import io.sparseland.recipes.Failure;
import io.sparseland.recipes.Recipes;
import io.sparseland.recipes.run.Json;
import io.sparseland.recipes.run.RunFolder;
import io.sparseland.recipes.run.Watcher;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Runs a recipe under every combination of settings, each run a process of its own.
 *
 * <p>The folder holds a run directory a combination, and the table, written again after every run.
 * A combination whose run directory is there, made by the same resolved recipe, is not run again:
 * an interrupted sweep goes on where it was.
 */
public final class Sweep {

  private final Path recipe;
  private final List<String> overrides;
  private final List<Cell> cells;
  private final @Nullable String baseline;
  private final Map<Cell, String> hashes = new LinkedHashMap<>();

  private Sweep(Path recipe, List<String> overrides, List<Cell> cells, @Nullable String baseline) {
    this.recipe = recipe;
    this.overrides = overrides;
    this.cells = cells;
    this.baseline = baseline;
  }

  /**
   * Checks every combination.
   *
   * @param overrides as {@code --set}, for all runs
   * @param over {@code PATH=[VALUE, ...]} or {@code PATH=@FILE}, one an axis
   * @throws io.sparseland.recipes.language.RecipeException with the mistakes of a combination
   * @throws IOException if the recipe cannot be read
   */
  public static Sweep of(Path recipe, List<String> overrides, List<String> over)
      throws IOException {
    List<Axis> axes = new ArrayList<>();
    for (String argument : over) {
      axes.add(Axis.parse(argument));
    }
    if (axes.isEmpty()) {
      throw new Failure(Failure.USAGE, "a sweep needs --over PATH=[VALUE, VALUE, ...]");
    }
    Sweep sweep = new Sweep(recipe, overrides, Cell.of(axes), null);
    for (Cell cell : sweep.cells) {
      sweep.hashes.put(cell, Recipes.load(recipe, sweep.sets(cell)).hash());
    }
    return sweep;
  }

  /**
   * The same with every line of the chart compared with one of them, seed by seed.
   *
   * @throws Failure if there is no such line, naming those there are
   */
  public Sweep comparedWith(String line) {
    List<String> lines = cells.stream().map(Cell::line).distinct().toList();
    if (!lines.contains(line)) {
      throw new Failure(
          Failure.USAGE, "--compare '%s': there are the rows %s".formatted(line, lines));
    }
    if (cells.stream().noneMatch(cell -> cell.settings().containsKey("seed"))) {
      throw new Failure(
          Failure.USAGE, "--compare needs several seeds: --over seed=[1, 2, 3, 4, 5]");
    }
    Sweep compared = new Sweep(recipe, overrides, cells, line);
    compared.hashes.putAll(hashes);
    return compared;
  }

  /** Number of runs. */
  public int size() {
    return cells.size();
  }

  /** What a sweep did. */
  public record Result(int failed, int exit, String markdown) {}

  /**
   * Runs what is not there yet.
   *
   * @param process how a run is started, with its arguments after {@code run RECIPE}
   * @param folder of the sweep
   * @param jobs processes at a time
   * @param head command, version and machine of the table
   */
  public Result run(RunProcess process, Path folder, int jobs, List<String> head, Watcher watcher) {
    Map<Cell, Row> rows = new LinkedHashMap<>();
    List<Cell> open = new ArrayList<>();
    cells.forEach(cell -> earlier(cell, folder, rows, open));
    watcher.phase(
        "sweep of %d runs, %d of them there already".formatted(cells.size(), rows.size()));
    ExecutorService pool = Executors.newFixedThreadPool(jobs);
    try {
      CompletionService<Map.Entry<Cell, Row>> results = new ExecutorCompletionService<>(pool);
      open.forEach(
          cell -> results.submit(() -> Map.entry(cell, row(process, cell, folder, watcher))));
      for (int done = 1; done <= open.size(); done++) {
        Map.Entry<Cell, Row> result = results.take().get();
        if (watcher.stop()) {
          throw new Failure(Failure.INTERRUPTED, "interrupted; the same command goes on");
        }
        rows.put(result.getKey(), result.getValue());
        write(folder, table(rows, head));
        watcher.progress(done, open.size(), text(result.getKey(), result.getValue()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(Failure.INTERRUPTED, "interrupted; the same command goes on", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(e.getCause());
    } finally {
      pool.shutdownNow();
    }
    SweepTable table = table(rows, head);
    write(folder, table);
    return new Result(table.failed().size(), table.worst().orElse(0), table.markdown());
  }

  private List<String> sets(Cell cell) {
    List<String> all = new ArrayList<>(List.of("threads=1"));
    all.addAll(overrides);
    all.addAll(cell.sets());
    return all;
  }

  private void earlier(Cell cell, Path folder, Map<Cell, Row> rows, List<Cell> open) {
    Path run = folder(cell, folder);
    Path lock = run.resolve(RunFolder.LOCK);
    try {
      if (Files.isRegularFile(lock)
          && Json.read(Files.readString(lock))
              .path("recipe_hash")
              .asText()
              .equals(hashes.get(cell))) {
        rows.put(cell, report(cell, run, 0));
        return;
      }
    } catch (IOException e) {
      throw new Failure(Failure.BAD_INPUT, "cannot read %s: %s".formatted(run, e.getMessage()), e);
    }
    open.add(cell);
  }

  private Row row(RunProcess process, Cell cell, Path folder, Watcher watcher) throws IOException {
    Path run = folder(cell, folder);
    Files.createDirectories(folder);
    List<String> arguments = new ArrayList<>(List.of("run", recipe.toString(), "--quiet"));
    sets(cell).forEach(set -> arguments.addAll(List.of("--set", set)));
    arguments.addAll(List.of("--force", "--out", run.toString()));
    RunProcess.Ended ended = process.run(arguments, watcher::stop);
    boolean reported = ended.exit() == 0 || ended.exit() == Failure.EXPECTATION;
    return reported
        ? report(cell, run, ended.exit())
        : Row.failed(cell, run.toString(), ended.exit(), ended.message());
  }

  private static Row report(Cell cell, Path run, int exit) throws IOException {
    try {
      var report = Json.read(Files.readString(run.resolve("report.json")));
      boolean met = true;
      for (var line : report.path("expect")) {
        met &= line.path("met").asBoolean();
      }
      return Row.of(cell, run.toString(), report, exit == 0 && !met ? Failure.EXPECTATION : exit);
    } catch (JsonProcessingException e) {
      throw new Failure(
          Failure.BAD_INPUT,
          "%s/report.json is not a report: %s".formatted(run, e.getMessage()),
          e);
    }
  }

  private static Path folder(Cell cell, Path folder) {
    return folder.resolve("run-%03d".formatted(cell.number()));
  }

  private SweepTable table(Map<Cell, Row> rows, List<String> head) {
    List<Row> ordered = cells.stream().filter(rows::containsKey).map(rows::get).toList();
    return new SweepTable(
        head.get(0), head.get(1), head.get(2), ordered, Summary.of(ordered, baseline));
  }

  private static String text(Cell cell, Row row) {
    String found =
        row.error().isEmpty()
            ? Quality.of(List.of(row)).map(q -> q + " " + row.figures().get(q)).orElse("done")
            : row.error();
    return cell.text() + ": " + found;
  }

  private static void write(Path folder, SweepTable table) {
    write(folder, "table.csv", table.csv());
    write(folder, "table.json", table.json());
    write(folder, "table.md", table.markdown());
    SweepChart.png(table.rows())
        .ifPresent(png -> AtomicFiles.write(folder.resolve("chart.png"), png));
  }

  private static void write(Path folder, String name, String text) {
    AtomicFiles.write(folder.resolve(name), text.getBytes(StandardCharsets.UTF_8));
  }
}
