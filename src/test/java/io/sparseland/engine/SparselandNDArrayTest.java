// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SparselandNDArrayTest {

  private final NDManager ours = NDManager.newBaseManager("Sparseland");
  private final NDManager torch = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    ours.close();
    torch.close();
  }

  private static NDArray array(NDManager manager) {
    float[] values = new float[24];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7 % 11 - 5) / 4f;
    }
    return manager.create(values, new Shape(2, 3, 4));
  }

  private static Arguments of(String name, Function<NDArray, NDArray> function) {
    return Arguments.of(name, function);
  }

  private static Stream<Arguments> operations() {
    return Stream.of(
        of("reshape", x -> x.reshape(4, -1)),
        of("flatten", NDArray::flatten),
        of("flatten of two axes", x -> x.flatten(0, 1)),
        of("expandDims", x -> x.expandDims(-1)),
        of("squeeze", x -> x.reshape(1, 24, 1).squeeze()),
        of("softmax", x -> x.softmax(1)),
        of("logSoftmax", x -> x.logSoftmax(-1)),
        of("argMax", x -> x.argMax(2)),
        of("argMax of all", NDArray::argMax),
        of("toType", x -> x.mul(4).toType(DataType.INT64, false)),
        of("duplicate", NDArray::duplicate),
        of("get", x -> x.get(1)),
        of("get of an element", x -> x.get(1, 2, 3)),
        of("get of slices", x -> x.get("0, 1:, ::2")),
        of("get from the end", x -> x.get("..., -1")),
        of("stack", x -> x.stack(x, 1)),
        of("concat", x -> x.concat(x, 2)),
        of("split", x -> x.split(3, 1).get(2)),
        of("split at indices", x -> x.split(new long[] {1, 2}, 2).get(2)),
        // the other engine's
        of("add", x -> x.add(x)),
        of("mean", NDArray::mean),
        of("transpose", x -> x.transpose(2, 0, 1)),
        of("relu", x -> x.getNDArrayInternal().relu()),
        of("muli", x -> x.muli(2)),
        of("addi", x -> x.addi(x.duplicate())),
        of("matMul", x -> x.matMul(x.transpose(0, 2, 1))),
        of("topK", x -> x.topK(2, 2).get(0)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("operations")
  void gives_what_pytorch_gives(String name, Function<NDArray, NDArray> function) {
    NDArray expected = function.apply(array(torch));
    NDArray found = function.apply(array(ours));

    assertThat(found.getShape()).as(name).isEqualTo(expected.getShape());
    assertThat(found.getDataType()).isEqualTo(expected.getDataType());
    Number[] values = found.toArray();
    Number[] wanted = expected.toArray();
    for (int i = 0; i < wanted.length; i++) {
      // one rounding to fp32 of values below 8
      assertThat(values[i].doubleValue())
          .isCloseTo(wanted[i].doubleValue(), org.assertj.core.api.Assertions.within(1e-6));
    }
  }

  @Test
  void argMax_takes_the_lower_of_equals_and_nan_first() {
    assertThat(ours.create(new float[] {1, 3, 3, 2}).argMax().getLong()).isEqualTo(1);
    assertThat(ours.create(new float[] {1, Float.NaN, 3}).argMax().getLong()).isEqualTo(1);
    assertThat(ours.create(new float[] {-0f, 0f}).argMax().getLong()).isZero();
    assertThat(ours.create(new long[] {1, Long.MAX_VALUE, 3}).argMax().getLong()).isEqualTo(1);
  }

  @Test
  void views_share_memory_and_duplicates_do_not() {
    NDArray x = ours.create(new float[] {1, 2, 3, 4});
    NDArray view = x.reshape(2, 2);
    NDArray copy = x.duplicate();

    x.set(new float[] {5, 6, 7, 8});

    assertThat(view.toFloatArray()).containsExactly(5, 6, 7, 8);
    assertThat(copy.toFloatArray()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void slices_in_one_piece_share_memory_and_others_do_not() {
    NDArray x = ours.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(3, 2));
    NDArray rows = x.get("1:");
    NDArray row = x.get(2);
    NDArray column = x.get(":, 1");
    NDArray everySecond = x.get("::2");

    x.set(new float[] {10, 20, 30, 40, 50, 60});

    assertThat(rows.toFloatArray()).containsExactly(30, 40, 50, 60);
    assertThat(row.toFloatArray()).containsExactly(50, 60);
    assertThat(column.toFloatArray()).containsExactly(2, 4, 6);
    assertThat(everySecond.toFloatArray()).containsExactly(1, 2, 5, 6);
  }

  @Test
  void new_arrays_are_zero_and_apart_from_each_other() {
    for (int size : new int[] {1, 15, 16, 17, 4_096, 70_000}) {
      NDArray x = ours.zeros(new Shape(size));
      NDArray y = ours.zeros(new Shape(size));
      x.set(ours.ones(new Shape(size)).toFloatArray());

      assertThat(y.toFloatArray()).containsOnly(0);
      assertThat(x.toFloatArray()).containsOnly(1);
    }
  }

  @Test
  void converts_whole_numbers_exactly() {
    long large = (1L << 53) + 1;
    NDArray x = ours.create(new long[] {large});

    assertThat(x.toType(DataType.UINT8, false).toUint8Array()).containsExactly(1);
    assertThat(x.toType(DataType.INT64, true).toLongArray()).containsExactly(large);
  }

  @Test
  void sets_elements() {
    NDArray x = ours.zeros(new Shape(2, 2));
    x.set(new NDIndex("1"), ours.create(new float[] {3, 4}));
    x.set(new NDIndex("0, 1"), 5);

    assertThat(x.toFloatArray()).containsExactly(0, 5, 3, 4);
  }

  @Test
  void creates_arrays_of_many_kinds() {
    assertThat(ours.ones(new Shape(2), DataType.INT32).toIntArray()).containsExactly(1, 1);
    assertThat(ours.full(new Shape(2), 2.5f).toFloatArray()).containsExactly(2.5f, 2.5f);
    assertThat(ours.arange(1, 7, 2).toIntArray()).containsExactly(1, 3, 5);
    assertThat(ours.create(new boolean[] {true, false}).toBooleanArray())
        .containsExactly(true, false);
    assertThat(ours.create(new double[] {1.5}).toType(DataType.FLOAT32, false).getFloat(0))
        .isEqualTo(1.5f);
    assertThat(ours.create(new float[][] {{1, 2}, {3, 4}}).getFloat(1, 0)).isEqualTo(3);
  }

  @Test
  void a_scope_closes_arrays() {
    NDArray x;
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      x = ours.create(1f);
    }

    assertThat(x.isReleased()).isTrue();
    assertThatThrownBy(x::toFloatArray).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void a_manager_closes_its_arrays() {
    NDManager sub = ours.newSubManager();
    NDArray x = sub.create(1f);
    NDArray kept = sub.create(2f);
    kept.attach(ours);
    sub.close();

    assertThat(x.isReleased()).isTrue();
    assertThat(kept.getFloat()).isEqualTo(2);
  }

  @Test
  void mistakes_are_named() {
    NDArray x = ours.zeros(new Shape(2, 3));

    assertThatThrownBy(() -> x.reshape(4, 2)).hasMessageContaining("6 elements");
    assertThatThrownBy(() -> x.squeeze(0)).hasMessageContaining("size 2");
    assertThatThrownBy(() -> x.softmax(2)).hasMessageContaining("axis 2");
    assertThatThrownBy(() -> x.get(5)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> x.stack(ours.zeros(new Shape(3, 2)))).hasMessageContaining("differ");
    assertThatThrownBy(() -> x.concat(ours.zeros(new Shape(2, 3), DataType.INT32)))
        .hasMessageContaining("int32");
    assertThatThrownBy(() -> x.split(2, 1)).hasMessageContaining("2 equal parts");
    assertThatThrownBy(() -> ours.newSubManager(Device.gpu())).hasMessageContaining("cpu()");
    assertThatThrownBy(() -> x.setRequiresGradient(true)).hasMessageContaining("PyTorch");
  }

  @Test
  void copies_arrays_of_pytorch() {
    NDArray theirs = torch.create(new float[] {1, 2});
    NDArray copy = ours.from(theirs);
    theirs.muli(2);

    assertThat(copy.toFloatArray()).containsExactly(1, 2);
    assertThat(ours.from(copy)).isSameAs(copy);
    assertThat(new NDList(copy).head().contentEquals(ours.create(new float[] {1, 2}))).isTrue();
  }
}
