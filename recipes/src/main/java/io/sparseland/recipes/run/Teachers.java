// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.sparseland.core.Torch;
import io.sparseland.models.files.OpenModel;
import io.sparseland.recipes.Distill;
import io.sparseland.recipes.data.DataFolders;
import io.sparseland.training.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The models that {@code distill} learns from. */
final class Teachers implements AutoCloseable {

  private final OpenModel source;
  private final DataFolders folders;
  private final Shape input;
  private final List<Model> opened = new ArrayList<>();
  private @Nullable Block dense;

  Teachers(OpenModel source, DataFolders folders, Shape input) {
    this.source = source;
    this.folders = folders;
    this.input = input;
  }

  /** Keeps a copy of a model that is still dense; a later one takes its place. */
  void remember(Model model) throws IOException {
    Block copy = dense == null ? fresh().getBlock() : dense;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      List<Parameter> from = model.getBlock().getParameters().values();
      List<Parameter> to = copy.getParameters().values();
      for (int i = 0; i < from.size(); i++) {
        NDArray target = to.get(i).getArray().stopGradient();
        target
            .toByteBuffer(true)
            .asFloatBuffer()
            .put(from.get(i).getArray().stopGradient().toFloatArray());
      }
    }
    dense = copy;
  }

  /** The teacher of that name. */
  Block of(String teacher) throws IOException {
    if (teacher.equals(Distill.DENSE)) {
      if (dense == null) {
        throw new IllegalStateException("no dense model has been remembered");
      }
      return dense;
    }
    Model model = fresh();
    Checkpoint.load(folders.find(teacher), model);
    return model.getBlock();
  }

  private Model fresh() throws IOException {
    Model model = Model.newInstance("teacher", Torch.ENGINE);
    opened.add(model);
    model.setBlock(source.block());
    model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, input);
    return model;
  }

  @Override
  public void close() {
    opened.forEach(Model::close);
  }
}
