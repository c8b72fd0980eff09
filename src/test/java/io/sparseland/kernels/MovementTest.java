// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Operations that only move elements: the same code for every kernel set. */
class MovementTest {

  private final Kernels kernels = Kernels.best();

  @Test
  void transposes_by_permutation() {
    Tensor x = Tensor.of(new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2, 3, 2);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 3, 2, 2);

    kernels.transpose(new int[] {1, 2, 0}, x, y);

    // y[i][j][k] = x[k][i][j]
    assertThat(y.toArray()).containsExactly(0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11);
  }

  @Test
  void slices_with_a_step() {
    Tensor x = Tensor.of(new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 2, 5);
    Tensor columns = Tensor.allocate(ElementType.FLOAT32, 2, 2);
    Tensor row = Tensor.allocate(ElementType.FLOAT32, 1, 5);

    kernels.slice(1, 1, 2, x, columns);
    kernels.slice(-2, 1, 1, x, row);

    assertThat(columns.toArray()).containsExactly(1, 3, 6, 8);
    assertThat(row.toArray()).containsExactly(5, 6, 7, 8, 9);
  }

  @Test
  void moves_integers_of_both_widths() {
    for (ElementType type : new ElementType[] {ElementType.INT32, ElementType.INT64}) {
      Tensor x = Tensor.allocate(type, 2, 2);
      for (int i = 0; i < 4; i++) {
        x.bytes().put(i * type.bytes(), (byte) i);
      }
      Tensor y = Tensor.allocate(type, 2, 2);
      kernels.transpose(new int[] {1, 0}, x, y);
      assertThat(y.bytes().get(type.bytes())).isEqualTo((byte) 2);
    }
  }

  @Test
  void joins_along_an_axis() {
    Tensor a = Tensor.of(new float[] {1, 2}, 2, 1);
    Tensor b = Tensor.of(new float[] {3, 4, 5, 6}, 2, 2);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 2, 3);

    kernels.concat(1, List.of(a, b), y);

    assertThat(y.toArray()).containsExactly(1, 3, 4, 2, 5, 6);
  }

  @Test
  void looks_up_rows_by_ids_of_any_type() {
    Tensor table = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 2, 2);
    Tensor longs = Tensor.allocate(ElementType.INT64, 2);
    longs.bytes().putLong(0, 2).putLong(8, 0);
    Tensor ints = Tensor.allocate(ElementType.INT32, 2);
    ints.bytes().putInt(0, 2).putInt(4, 0);

    for (Tensor ids : List.of(longs, ints, Tensor.of(new float[] {2, 0}, 2))) {
      kernels.embedding(table, ids, y);
      assertThat(y.toArray()).containsExactly(5, 6, 1, 2);
    }
  }

  @Test
  void refuses_ids_outside_the_table() {
    Tensor table = Tensor.allocate(ElementType.FLOAT32, 3, 2);
    Tensor y = Tensor.allocate(ElementType.FLOAT32, 1, 2);

    for (float id : new float[] {3, -1, 0.5f, Float.NaN}) {
      assertThatThrownBy(() -> kernels.embedding(table, Tensor.of(new float[] {id}, 1), y))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessageContaining("from 0 to 2");
    }
  }
}
