// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerOutcome;
import io.sparseland.core.Layers;
import io.sparseland.core.Masks;
import io.sparseland.core.Torch;
import io.sparseland.core.export.ExportOptions;
import io.sparseland.core.export.ExportResult;
import io.sparseland.core.export.Exporter;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.Tracer;
import io.sparseland.kernels.graph.Size;
import io.sparseland.models.files.OpenModel;
import io.sparseland.recipes.Distill;
import io.sparseland.recipes.Failure;
import io.sparseland.recipes.LoadedRecipe;
import io.sparseland.recipes.MemorySize;
import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.StepItem;
import io.sparseland.recipes.data.DataFolders;
import io.sparseland.recipes.data.DataSet;
import io.sparseland.recipes.data.Evaluation;
import io.sparseland.recipes.data.LabelledData;
import io.sparseland.recipes.plan.Plan;
import io.sparseland.recipes.plan.Planner;
import io.sparseland.training.Checkpoint;
import io.sparseland.training.OptimizerSettings;
import io.sparseland.training.Sparsity;
import io.sparseland.training.TrainingFailure;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Runs a recipe from its first step to its report. */
public final class Runner {

  private final LoadedRecipe loaded;
  private final Recipe recipe;
  private final OpenModel source;
  private final Watcher watcher;
  private final RunFolder folder;
  private final Model model;
  private final DataSet data;
  private final Opened opened;
  private final State state = new State();
  private final RunLog log = new RunLog();

  private Runner(
      LoadedRecipe loaded, OpenModel source, Watcher watcher, RunFolder folder, Opened opened) {
    this.loaded = loaded;
    this.recipe = loaded.recipe();
    this.source = source;
    this.watcher = watcher;
    this.folder = folder;
    this.opened = opened;
    this.model = opened.model();
    this.data = opened.data();
  }

  /**
   * Runs a recipe.
   *
   * @param out the run directory; replaced only if it holds a run of the same recipe, or forced
   * @return the report, which also lies in the run directory; expectations may be unmet
   * @throws io.sparseland.recipes.language.RecipeException if the recipe cannot work
   * @throws Failure with the exit code that tells why
   */
  public static Report run(
      LoadedRecipe loaded,
      DataFolders folders,
      ClassLoader classes,
      Path out,
      boolean force,
      Watcher watcher)
      throws IOException {
    long start = System.nanoTime();
    Settings.threads(loaded.recipe().threads());
    OpenModel source = loaded.recipe().model().open(folders, classes);
    Plan plan = Planner.plan(loaded, folders, source);
    try (RunFolder folder = RunFolder.prepare(out, loaded.hash(), force);
        Model model = Model.newInstance(loaded.name(), Torch.ENGINE)) {
      DataSet data = open(loaded, folders, source, watcher);
      Shape input = new Shape(2).addAll(data.item());
      try (Teachers teachers = new Teachers(source, folders, input)) {
        Opened opened = new Opened(model, data, teachers);
        return new Runner(loaded, source, watcher, folder, opened).run(plan, start);
      }
    } catch (Interrupted e) {
      throw e.failure();
    }
  }

  private static DataSet open(
      LoadedRecipe loaded, DataFolders folders, OpenModel source, Watcher watcher) {
    watcher.phase("reading data");
    try {
      return loaded.recipe().data().open(folders, source);
    } catch (FileNotFoundException | NoSuchFileException e) {
      throw new Failure(Failure.BAD_INPUT, "data: no such file: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new Failure(Failure.BAD_INPUT, "data cannot be read: " + e.getMessage(), e);
    }
  }

  private Report run(Plan plan, long start) throws IOException {
    log.event("start", "recipe", loaded.name(), "hash", loaded.hash(), "seed", recipe.seed());
    data.note().ifPresent(state.notes::add);
    state.uses = plan.model().uses();
    prepareModel();
    for (int i = 0; i < recipe.steps().size(); i++) {
      if (watcher.stop()) {
        throw new Interrupted();
      }
      StepItem item = recipe.steps().get(i);
      log.event("step", "index", i, "word", item.step().word());
      try {
        step(item.step());
      } catch (TrainingFailure e) {
        throw stopped(e);
      }
      checkMemory(item.step().word());
    }
    boolean denseWanted =
        plan.steps().stream().flatMap(s -> s.targets().stream()).anyMatch(t -> t.sparsity() == 0)
            || !recipe.steps(Step.Unmask.class).isEmpty();
    if (state.masks.kept() == state.masks.size() && !denseWanted) {
      throw new Failure(Failure.USAGE, "nothing was pruned: every weight is still there");
    }
    score("");
    double seconds = (System.nanoTime() - start) / 1e9;
    Report report =
        new Reporter(loaded, plan, folder, state, data.digest()).report(layers(), seconds);
    log.event("end", "scores", state.scores, "sparsity", report.sparsity(), "seconds", seconds);
    RunFiles.write(folder, loaded, model, state, report, log);
    folder.commit();
    return report;
  }

  /** Keeps what the last completed step left. */
  private Failure stopped(TrainingFailure e) {
    Path name = folder.target().getFileName();
    Path kept = folder.target().resolveSibling(name + ".stopped.safetensors");
    state.masked(e.masks());
    Checkpoint.save(kept, model, state.masks);
    return new Failure(
        Failure.BAD_INPUT,
        "%s; the weights and masks of that step are in '%s'".formatted(e.getMessage(), kept),
        e);
  }

  /** The plan refused what it could foresee; this is for what it could not. */
  private void checkMemory(String step) {
    Long peak = Machine.peakMemoryBytes();
    recipe
        .memory()
        .filter(allowed -> peak != null && peak > allowed.bytes())
        .ifPresent(
            allowed -> {
              throw new Failure(
                  Failure.RESOURCES,
                  "step '%s' took more memory than 'memory' allows: %s of %s"
                      .formatted(step, new MemorySize(peak == null ? 1 : peak), allowed));
            });
  }

  private void prepareModel() throws IOException {
    model.setBlock(source.block());
    Engine.getEngine(Torch.ENGINE).setRandomSeed(Long.hashCode(recipe.seed()));
    model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, input(2));
    Graph graph = graph();
    List<Size> shape = graph.shape(graph.outputs().get(0));
    Size classesOut = shape.get(shape.size() - 1);
    int largest = data.largestLabel();
    if (classesOut.isConstant() && largest >= classesOut.at(Map.of())) {
      throw new Failure(
          Failure.BAD_INPUT,
          "the data has label %d, but the model has outputs 0 to %d only"
              .formatted(largest, classesOut.at(Map.of()) - 1));
    }
  }

  private void step(Step step) throws IOException {
    boolean changes =
        step instanceof Step.Train || step instanceof Step.Iterate || step instanceof Step.Prune;
    boolean remember = changes && state.masks.byLayer().isEmpty() && learnsFromDense();
    if (remember) {
      opened.teachers().remember(model);
    }
    if (step instanceof Step.Train train) {
      new Training(recipe, opened, state, new Shown(watcher, log)).run(train);
    } else if (step instanceof Step.Iterate iterate) {
      new Iterating(recipe, opened, state, new Shown(watcher, log))
          .run(iterate, this::graph, remember);
    } else if (step instanceof Step.Unmask) {
      log.event("unmasked", "kept", state.masks.kept(), "of", state.masks.size());
      state.masks = new Masks(Map.of());
    } else if (step instanceof Step.Prune prune) {
      if (state.masks.byLayer().isEmpty()) {
        score("_dense");
      }
      watcher.phase("pruning by " + prune.criterion().kind());
      new Pruning(recipe, model, data, state).run(prune, graph());
      log.event("pruned", "kept", state.masks.kept(), "of", state.masks.size());
    } else if (step instanceof Step.BatchNorm norms) {
      watcher.phase("measuring batch norms");
      log.event("batch_norm", "norms", BatchNorms.run(norms, recipe, opened, graph(), state));
    } else if (step instanceof Step.Evaluate) {
      score("");
      log.event("evaluate", "scores", state.scores);
    } else if (step instanceof Step.Export export) {
      export(export);
    } else if (step instanceof Step.Bench bench) {
      bench(bench);
    }
  }

  private boolean learnsFromDense() {
    return Stream.concat(
            recipe.steps(Step.Train.class).stream(),
            recipe.steps(Step.Iterate.class).stream().flatMap(i -> Stream.of(i.train(), i.again())))
        .anyMatch(t -> t.distill().filter(d -> d.teacher().equals(Distill.DENSE)).isPresent());
  }

  /** The plan lets no step that needs labels come where there are none. */
  private LabelledData labelled() {
    return (LabelledData) data;
  }

  private void export(Step.Export export) {
    watcher.phase("exporting");

    ExportOptions options =
        ExportOptions.named(loaded.name())
            .withForm(export.form())
            .fromRecipe(loaded.hash(), recipe.seed());
    Path target = folder.staging().resolve(export.to());
    ExportResult result;
    try (NDManager manager = model.getNDManager().newSubManager()) {
      result =
          new Exporter()
              .export(
                  model.getBlock(),
                  data.traced(),
                  state.masks,
                  options,
                  target,
                  data.probe(manager));
    }
    state.exported = result;
    state.exportedTo = export.to();
    state.scored("_exported", ExportedBlock.evaluate(target, data));
    log.event("exported", "to", export.to(), "max_abs_error", result.maxAbsError());
  }

  private void bench(Step.Bench bench) throws IOException {
    ExportResult exported = state.exported;
    if (exported == null) {
      throw new IllegalStateException("the plan lets no bench come before an export");
    }
    watcher.phase("measuring");
    Path folderOf = folder.staging().resolve(state.exportedTo);
    state.bench.addAll(
        new Benchmark(model, folderOf, labelled().test(), watcher)
            .run(bench.batches(), bench.threads()));
    if (bench.trainSteps() > 0) {
      watcher.phase("measuring training steps");
      state.trainBench =
          new StepTimer(
                  new StepTimer.Setting(
                      source, labelled().train(), optimizer(), recipe.data().batch()),
                  timed(),
                  watcher)
              .run(bench.trainSteps(), recipe.threads());
    }
  }

  private Supplier<List<Sparsity>> timed() {
    Training training = new Training(recipe, opened, state, new Shown(watcher, log));
    return recipe.steps(Step.Train.class).stream()
        .filter(train -> !train.sparsity().isEmpty())
        .findFirst()
        .<Supplier<List<Sparsity>>>map(train -> () -> training.methods(train))
        .orElse(StepTimer::rigl);
  }

  private OptimizerSettings optimizer() {
    return recipe.steps(Step.Train.class).stream()
        .map(Step.Train::optimizer)
        .findFirst()
        .orElse(new OptimizerSettings.Sgd(0.1, 0.9, 0));
  }

  /** Measures the data's metrics, unless they are known since the model changed last. */
  private void score(String suffix) {
    if (!state.scores.containsKey(recipe.data().metric())) {
      watcher.phase("testing");
      Evaluation found = data.evaluate(model);
      if (state.masks.byLayer().isEmpty()) {
        state.denseVectors = found.vectors();
      }
      state.scored("", found);
    }
    if (!suffix.isEmpty()) {
      Map<String, Double> now = new TreeMap<>(state.scores);
      now.forEach(
          (metric, value) -> {
            if (!metric.contains("_dense") && !metric.contains("_exported")) {
              state.scores.put(metric + suffix, value);
            }
          });
    }
  }

  private List<Layer> layers() {
    return Layers.of(graph());
  }

  private Graph graph() {
    return Tracer.trace(model.getBlock(), data.traced());
  }

  private Shape input(int batch) {
    return new Shape(batch).addAll(data.item());
  }

  /** What the steps have made so far. */
  static final class State {
    Masks masks = new Masks(Map.of());
    final Map<String, Double> scores = new TreeMap<>();
    @Nullable ExportResult exported;
    String exportedTo = "";
    final List<BenchRow> bench = new ArrayList<>();
    @Nullable TrainBench trainBench;
    final List<Report.CurvePoint> curve = new ArrayList<>();
    final List<String> notes = new ArrayList<>();
    final Ledger ledger = new Ledger();
    final java.util.Map<String, LayerOutcome> outcomes = new java.util.LinkedHashMap<>();

    /** What the dense model makes of the test examples; empty where it gives no vectors. */
    List<double[]> denseVectors = List.of();

    /** Share of the weights that the count rule may round away: one per comparison group. */
    double forgiven;

    /** By layer name, how often one example uses each weight. */
    Map<String, Double> uses = Map.of();

    /** Takes over scores, and how well vectors agree with the dense model's. */
    void scored(String suffix, Evaluation found) {
      found.scores().forEach((metric, value) -> scores.put(metric + suffix, value));
      if (!denseVectors.isEmpty()) {
        scores.put(Evaluation.COSINE + suffix, found.cosine(denseVectors));
      }
    }

    /** Takes over new masks; what is measured anew is forgotten. */
    void masked(Masks changed) {
      Map<String, io.sparseland.core.Mask> all = new java.util.LinkedHashMap<>(masks.byLayer());
      all.putAll(changed.byLayer());
      masks = new Masks(all);
      changed();
    }

    /** Forgets what was measured on the model before. */
    void changed() {
      scores.keySet().removeIf(name -> !name.endsWith("_dense"));
    }
  }
}
