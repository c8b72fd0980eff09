// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractSymbolBlock;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.Size;
import io.sparseland.kernels.runtime.SparseModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs a {@link SparseModel} on arrays; those of another engine are read in place where possible.
 */
final class SparselandBlock extends AbstractSymbolBlock {

  private final SparseModel model;

  SparselandBlock(SparseModel model) {
    this.model = model;
  }

  /**
   * @throws IllegalArgumentException if number, type or shape of the inputs is not what the model
   *     takes: the message names the input, what was found and what is allowed
   */
  @Override
  protected NDList forwardInternal(
      ParameterStore store,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> parameters) {
    if (training) {
      throw new UnsupportedOperationException("the Sparseland engine runs inference only");
    }
    List<Port> ports = model.inputs();
    if (inputs.size() != ports.size()) {
      throw new IllegalArgumentException(
          "the model takes " + ports.size() + " inputs, found " + inputs.size());
    }
    List<Tensor> tensors = new ArrayList<>();
    for (int i = 0; i < ports.size(); i++) {
      tensors.add(tensor(ports.get(i), inputs.get(i)));
    }
    List<Tensor> results = outputs(tensors);
    model.run(tensors, results);
    NDManager manager = inputs.isEmpty() ? store.getManager() : inputs.head().getManager();
    NDList outputs = new NDList();
    for (int i = 0; i < results.size(); i++) {
      outputs.add(array(manager, model.outputs().get(i), results.get(i)));
    }
    return outputs;
  }

  /** Room for the outputs; if the inputs do not fit, the model says what is wrong with them. */
  private List<Tensor> outputs(List<Tensor> inputs) {
    Map<String, Long> symbols = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      List<Size> shape = model.inputs().get(i).shape();
      if (shape.size() != inputs.get(i).rank()) {
        return model.run(inputs);
      }
      for (int d = 0; d < shape.size(); d++) {
        if (shape.get(d).isSymbol()) {
          symbols.put(shape.get(d).toString(), (long) inputs.get(i).dimension(d));
        }
      }
    }
    List<Tensor> outputs = new ArrayList<>();
    for (Port port : model.outputs()) {
      int[] shape =
          port.shape().stream().mapToInt(size -> Math.toIntExact(size.at(symbols))).toArray();
      int bytes = port.type().bytes();
      for (int size : shape) {
        bytes = Math.multiplyExact(bytes, size);
      }
      outputs.add(Tensor.wrap(Memory.allocate(bytes), port.type(), shape));
    }
    return outputs;
  }

  /** The array's memory where it is direct and aligned, else a copy; valid while the array is. */
  private static Tensor tensor(Port port, NDArray array) {
    ElementType type =
        switch (array.getDataType()) {
          case FLOAT32 -> ElementType.FLOAT32;
          case INT32 -> ElementType.INT32;
          case INT64 -> ElementType.INT64;
          default ->
              throw new IllegalArgumentException(
                  String.format(
                      "input '%s': found %s %s, allowed is %s; convert with toType",
                      port.name(), array.getDataType(), array.getShape(), port.type()));
        };
    int[] shape = Arrays.stream(array.getShape().getShape()).mapToInt(Math::toIntExact).toArray();
    ByteBuffer bytes = array.toByteBuffer(true).order(ByteOrder.nativeOrder());
    if (bytes.isDirect() && bytes.alignmentOffset(bytes.position(), type.bytes()) == 0) {
      return Tensor.wrap(bytes, type, shape);
    }
    Tensor copy = Tensor.allocate(type, shape);
    copy.bytes().put(bytes);
    return copy;
  }

  private static NDArray array(NDManager manager, Port port, Tensor tensor) {
    DataType type =
        switch (tensor.type()) {
          case FLOAT32 -> DataType.FLOAT32;
          case INT32 -> DataType.INT32;
          case INT64 -> DataType.INT64;
        };
    Shape shape = new Shape(Arrays.stream(tensor.shape()).asLongStream().toArray());
    NDArray array = new SparselandNDArray(manager, tensor.bytes(), shape, type);
    array.setName(port.name());
    return array;
  }

  /** Names and shapes of the inputs; -1 where a size is free. */
  @Override
  public PairList<String, Shape> describeInput() {
    return describe(model.inputs());
  }

  /** Names and shapes of the outputs; -1 where a size depends on the input. */
  @Override
  public PairList<String, Shape> describeOutput() {
    return describe(model.outputs());
  }

  private static PairList<String, Shape> describe(List<Port> ports) {
    PairList<String, Shape> description = new PairList<>();
    for (Port port : ports) {
      long[] sizes =
          port.shape().stream()
              .mapToLong(size -> size.isConstant() ? size.at(Map.of()) : -1)
              .toArray();
      description.add(port.name(), new Shape(sizes));
    }
    return description;
  }

  /** None: weights live packed in the runtime. */
  @Override
  public ParameterList getDirectParameters() {
    return new ParameterList();
  }

  @Override
  public boolean isInitialized() {
    return true;
  }

  /** Nothing to do: the weights come with the model directory. */
  @Override
  public void initialize(NDManager manager, DataType type, Shape... shapes) {}
}
