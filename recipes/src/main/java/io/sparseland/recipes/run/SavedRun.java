// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import io.sparseland.core.Torch;
import io.sparseland.core.export.ExportOptions;
import io.sparseland.core.export.ExportResult;
import io.sparseland.core.export.Exporter;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.recipes.LoadedRecipe;
import io.sparseland.recipes.Recipes;
import io.sparseland.recipes.data.DataFacts;
import io.sparseland.recipes.data.DataFolders;
import io.sparseland.recipes.data.RandomData;
import io.sparseland.recipes.data.Samples;
import io.sparseland.training.Checkpoint;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A finished run's model with its masks, from its run directory. */
public final class SavedRun implements AutoCloseable {

  /** The weights and masks in a run directory. */
  static final String CHECKPOINT = "checkpoint.safetensors";

  private final LoadedRecipe loaded;
  private final Model model;
  private final Checkpoint checkpoint;
  private final Shape item;

  private SavedRun(LoadedRecipe loaded, Model model, Checkpoint checkpoint, Shape item) {
    this.loaded = loaded;
    this.model = model;
    this.checkpoint = checkpoint;
    this.item = item;
  }

  /**
   * Opens a run directory.
   *
   * @param classes finds a user's own model
   * @throws FileNotFoundException if it is none
   * @throws FormatException if a file in it is damaged
   */
  public static SavedRun open(Path run, DataFolders folders, ClassLoader classes)
      throws IOException {
    Path lock = run.resolve(RunFolder.LOCK);
    if (!Files.isRegularFile(lock) || !Files.isRegularFile(run.resolve(CHECKPOINT))) {
      throw new FileNotFoundException(
          run + " is no run directory: it needs " + RunFolder.LOCK + " and " + CHECKPOINT);
    }
    JsonNode recipe = Json.read(Files.readString(lock)).path("recipe");
    LoadedRecipe loaded = Recipes.parse(lock, recipe.toString());
    Settings.threads(loaded.recipe().threads());
    DataFacts facts = loaded.recipe().data().facts(folders);
    Shape item = new Shape(facts.example().stream().mapToLong(Integer::longValue).toArray());
    Model model = Model.newInstance(loaded.name(), Torch.ENGINE);
    boolean done = false;
    try {
      model.setBlock(loaded.recipe().model().open(folders, classes).outline());
      model
          .getBlock()
          .initialize(model.getNDManager(), DataType.FLOAT32, new Shape(2).addAll(item));
      Checkpoint checkpoint = Checkpoint.load(run.resolve(CHECKPOINT), model);
      done = true;
      return new SavedRun(loaded, model, checkpoint, item);
    } finally {
      if (!done) {
        model.close();
      }
    }
  }

  /** Exports the model to a new folder. */
  public ExportResult export(ExportOptions.Form form, Path to) throws IOException {
    ExportOptions options =
        ExportOptions.named(loaded.name())
            .withForm(form)
            .fromRecipe(loaded.hash(), loaded.recipe().seed());
    try (NDManager manager = model.getNDManager().newSubManager()) {
      return new Exporter()
          .export(
              model.getBlock(),
              new Shape(2).addAll(item),
              checkpoint.masks(),
              options,
              to,
              new NDList(random(16).batch(manager, 0, 16)));
    }
  }

  /** Times an exported form against the dense one, on random inputs. */
  public List<BenchRow> bench(
      Path exported, List<Integer> batches, List<Integer> threads, Watcher watcher)
      throws IOException {
    try {
      return new Benchmark(model, exported, random(256), watcher).run(batches, threads);
    } catch (Interrupted e) {
      throw e.failure();
    }
  }

  private Samples random(int count) {
    List<Integer> sizes =
        java.util.Arrays.stream(item.getShape()).mapToObj(Math::toIntExact).toList();
    return new RandomData(sizes, 1, count, 1, count).draw();
  }

  @Override
  public void close() {
    model.close();
  }
}
