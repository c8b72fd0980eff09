// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.sparseland.core.Torch;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.runtime.SparseModel;
import io.sparseland.recipes.data.DataSet;
import io.sparseland.recipes.data.Evaluation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An exported model as a block without parameters, so that it is scored as the DJL model is. */
final class ExportedBlock extends AbstractBlock {

  private final SparseModel sparse;

  ExportedBlock(SparseModel sparse) {
    this.sparse = sparse;
  }

  /** What the exported model itself reaches. */
  static Evaluation evaluate(Path folder, DataSet data) {
    try (SparseModel sparse = SparseModel.load(folder);
        Model model = Model.newInstance("exported", Torch.ENGINE)) {
      model.setBlock(new ExportedBlock(sparse));
      return data.evaluate(model);
    }
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> settings) {
    List<Tensor> tensors = new ArrayList<>();
    inputs.forEach(x -> tensors.add(tensor(x)));
    NDManager manager = inputs.head().getManager();
    NDList outputs = new NDList();
    for (Tensor output : sparse.run(tensors)) {
      long[] sizes = Arrays.stream(output.shape()).asLongStream().toArray();
      outputs.add(manager.create(output.toArray(), new Shape(sizes)));
    }
    return outputs;
  }

  private static Tensor tensor(NDArray x) {
    int[] shape = Arrays.stream(x.getShape().getShape()).mapToInt(Math::toIntExact).toArray();
    boolean ids = x.getDataType() == DataType.INT64;
    Tensor input = Tensor.allocate(ids ? ElementType.INT64 : ElementType.FLOAT32, shape);
    if (ids) {
      input.bytes().asLongBuffer().put(x.toLongArray());
    } else {
      input.floats().put(x.toFloatArray());
    }
    return input;
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    throw new UnsupportedOperationException("known once it has run");
  }
}
