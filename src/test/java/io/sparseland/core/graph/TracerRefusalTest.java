// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What cannot be traced is refused with block and operation. */
class TracerRefusalTest {

  private static final Shape INPUT = new Shape(1, 4);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void a_branch_on_values_names_block_operation_and_last_layer() {
    Block block =
        new SequentialBlock().add(BlockZoo.linear(3)).add(new Branch()).add(BlockZoo.linear(2));
    block.initialize(manager, DataType.FLOAT32, INPUT);

    assertThatThrownBy(() -> Tracer.trace(block, INPUT))
        .isInstanceOf(TraceException.class)
        .hasMessageContaining("'branch' (TracerRefusalTest$Branch)")
        .hasMessageContaining("'getFloat'")
        .hasMessageContaining("after layer 'linear.0'")
        .hasMessageContaining("Branch.apply, line ");
  }

  @Test
  void a_choice_of_operations_by_size_names_both() {
    assertRefused(
        x -> x.getShape().get(0) > 2 ? x.exp() : x.abs(),
        "operation 0 is 'abs'",
        "'exp'",
        "{batch=3}",
        "by size");
    assertRefused(
        x -> {
          NDArray y = x;
          for (long i = 0; i < x.getShape().get(0); i++) {
            y = y.abs();
          }
          return y;
        },
        "runs 2 operations",
        "3 at {batch=3}",
        "'abs'");
  }

  @Test
  void a_number_that_is_no_polynomial_of_the_size_is_refused() {
    assertRefused(x -> x.mul(1f / x.getShape().get(0)), "'mul'", "argument 0", "0.5", "0.33");
    assertRefused(x -> x.get(":" + x.getShape().get(0) / 2), "'get'", "not a sum of products");
  }

  @Test
  void a_constant_that_depends_on_the_size_says_how_to_make_it() {
    assertRefused(
        x -> x.add(manager.ones(x.getShape())), "'add'", "constant", "x.getManager().zeros(shape)");
  }

  @Test
  void a_trainable_array_hidden_in_a_lambda_is_refused() {
    NDArray hidden = manager.ones(new Shape(4));
    hidden.setRequiresGradient(true);
    assertRefused(x -> x.mul(hidden), "trainable array (4)", "addParameter");
  }

  @Test
  void a_layer_that_is_no_child_is_refused() {
    Block hidden = BlockZoo.linear(3);
    hidden.initialize(manager, DataType.FLOAT32, INPUT);
    ParameterStore[] store = new ParameterStore[1];
    Block block =
        new BlockZoo.Function() {
          @Override
          protected NDList forwardInternal(
              ParameterStore parameters,
              NDList inputs,
              boolean training,
              ai.djl.util.PairList<String, Object> params) {
            store[0] = parameters;
            return apply(inputs, training);
          }

          @Override
          NDList apply(NDList inputs, boolean training) {
            return hidden.forward(store[0], inputs, training);
          }
        };
    block.initialize(manager, DataType.FLOAT32, INPUT);
    assertThatThrownBy(() -> Tracer.trace(block, INPUT))
        .isInstanceOf(TraceException.class)
        .hasMessageContaining("parameter 'weight' (3, 4)")
        .hasMessageContaining("getParameters()")
        .hasMessageContaining("Linear");
  }

  @Test
  void what_is_called_wrongly_is_refused_before_running() {
    Block block = new SequentialBlock().add(BlockZoo.linear(3));
    assertThatThrownBy(() -> Tracer.trace(block, INPUT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not initialized");
    block.initialize(manager, DataType.FLOAT32, INPUT);
    assertThatThrownBy(() -> Tracer.trace(block, new TraceInput[0]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least one input");
    assertThatThrownBy(() -> TraceInput.of(INPUT).symbol(2, "seq"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'seq'")
        .hasMessageContaining("0 to 1");
    assertThatThrownBy(() -> TraceInput.of(INPUT, DataType.BFLOAT16))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("bfloat16");
    assertThatThrownBy(
            () ->
                Tracer.trace(
                    block,
                    new TraceInput("", new Shape(3, 4), DataType.FLOAT32, Map.of(0, "a", 1, "a"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("symbol 'a' is 3 in one dimension and 4 in another");
  }

  @Test
  void a_wrong_input_shape_is_refused_at_replay() {
    Block block = new SequentialBlock().add(BlockZoo.linear(3));
    block.initialize(manager, DataType.FLOAT32, INPUT);
    GraphBlock replayed = new GraphBlock(Tracer.trace(block, INPUT));
    NDList wrong = new NDList(manager.ones(new Shape(2, 5)));
    assertThatThrownBy(() -> replayed.forward(new ParameterStore(manager, false), wrong, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("input 'input' has shape (2, 5), allowed: [batch, 4]");
  }

  private void assertRefused(UnaryOperator<NDArray> function, String... words) {
    Block block = new SequentialBlock().addSingleton(function);
    block.initialize(manager, DataType.FLOAT32, INPUT);
    assertThatThrownBy(() -> Tracer.trace(block, INPUT))
        .isInstanceOf(TraceException.class)
        .hasMessageContainingAll(words);
    assertThat(manager.getManagedArrays()).noneMatch(NDArray::isReleased);
  }

  private static final class Branch extends BlockZoo.Function {
    @Override
    NDList apply(NDList inputs, boolean training) {
      NDArray x = inputs.head();
      return new NDList(x.sum().getFloat() > 0 ? x : x.neg());
    }

    @Override
    public Shape[] getOutputShapes(Shape[] shapes) {
      return shapes;
    }
  }
}
