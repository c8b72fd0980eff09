// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.BaseModel;
import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.kernels.format.ModelDirectory;
import io.sparseland.kernels.runtime.SparseModel;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A model directory behind DJL's {@code Model}; closing it closes the {@link SparseModel}. */
final class SparselandModel extends BaseModel {

  private @Nullable SparseModel runtime;

  SparselandModel(String name, NDManager manager) {
    super(name);
    this.manager = manager;
    manager.setName("sparselandModel");
    dataType = DataType.FLOAT32;
  }

  /**
   * Loads an exported directory.
   *
   * @param prefix not used: a directory holds one model
   * @param options not used
   * @throws FileNotFoundException if the directory holds no exported model
   * @throws MalformedModelException if its files are damaged; the cause names file and place
   */
  @Override
  public void load(Path path, @Nullable String prefix, @Nullable Map<String, ?> options)
      throws IOException, MalformedModelException {
    if (runtime != null) {
      throw new IllegalStateException("model " + modelName + " is loaded already");
    }
    setModelDir(path);
    if (!Files.isRegularFile(modelDir.resolve(ModelDirectory.MODEL))) {
      throw new FileNotFoundException(
          modelDir
              + " holds no "
              + ModelDirectory.MODEL
              + ": not a model directory written by the exporter");
    }
    SparseModel loaded;
    try {
      loaded = SparseModel.load(modelDir);
    } catch (FormatException e) {
      throw new MalformedModelException(e.getMessage(), e);
    }
    runtime = loaded;
    block = new SparselandBlock(loaded);
    wasLoaded = true;
  }

  @Override
  public void setBlock(Block block) {
    throw new UnsupportedOperationException(
        "the Sparseland engine runs exported model directories, not blocks:"
            + " export the block, then give the directory to optModelPath");
  }

  @Override
  public Trainer newTrainer(TrainingConfig config) {
    throw new UnsupportedOperationException(
        "training needs the " + OtherEngine.NAME + " engine; Sparseland runs inference only");
  }

  @Override
  public void save(Path path, @Nullable String name) {
    throw new UnsupportedOperationException(
        "a model directory is written by the exporter; copy " + modelDir + " instead");
  }

  @Override
  public void close() {
    super.close();
    if (runtime != null) {
      runtime.close();
    }
  }
}
