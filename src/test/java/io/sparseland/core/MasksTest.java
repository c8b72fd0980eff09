// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MasksTest {

  private static final Geometry G = Geometry.linear(2, 3);
  private static final Mask SOME = Mask.of(G, Pattern.unstructured(), new long[] {0b100101});

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void applying_zeroes_the_pruned_and_keeps_the_bits_of_the_rest() {
    Layer layer =
        Fixtures.linear(manager, "w", 2, 3, -0.0f, -2, -3, Float.NaN, -5, Float.MIN_VALUE);

    new Masks(Map.of("w", SOME)).apply(List.of(layer));

    float[] weights = layer.parameter().getArray().toFloatArray();
    int[] bits = new int[6];
    for (int i = 0; i < 6; i++) {
      bits[i] = Float.floatToRawIntBits(weights[i]);
    }
    assertThat(bits)
        .containsExactly(Float.floatToRawIntBits(-0.0f), 0, Float.floatToRawIntBits(-3), 0, 0, 1);
  }

  @Test
  void a_convolution_is_masked_in_its_stored_order() {
    Shape shape = new Shape(2, 1, 1, 3);
    Layer layer =
        Fixtures.layer(
            manager,
            "conv",
            LayerType.CONVOLUTION,
            Geometry.convolution(shape, 1),
            shape,
            1,
            2,
            3,
            4,
            5,
            6);
    Mask mask =
        Mask.of(Geometry.convolution(shape, 1), Pattern.unstructured(), new long[] {0b100101});

    new Masks(Map.of("conv", mask)).apply(List.of(layer));

    assertThat(layer.parameter().getArray().toFloatArray()).containsExactly(1, 0, 3, 0, 0, 6);
    assertThat(layer.parameter().getArray().getShape()).isEqualTo(shape);
  }

  @Test
  void a_tied_weight_is_found_by_its_other_name() {
    Parameter parameter = Parameter.builder().setName("w").setType(Parameter.Type.WEIGHT).build();
    parameter.setArray(manager.create(new float[] {1, 1, 1, 1, 1, 1}, new Shape(2, 3)));
    Layer layer = Layer.of("head", List.of("words"), LayerType.LINEAR, G, parameter);

    new Masks(Map.of("words", SOME)).apply(List.of(layer));

    assertThat(parameter.getArray().toFloatArray()).containsExactly(1, 0, 1, 0, 0, 1);
  }

  @Test
  void a_mask_without_a_layer_is_refused_before_anything_changes() {
    Layer layer = Fixtures.linear(manager, "linear.0", 2, 3, 1, 1, 1, 1, 1, 1);
    Map<String, Mask> masks = new LinkedHashMap<>();
    masks.put("linear.0", SOME);
    masks.put("linear.1", SOME);

    assertThatThrownBy(() -> new Masks(masks).apply(List.of(layer)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no layer is called 'linear.1'; nearest: 'linear.0'");
    assertThat(layer.parameter().getArray().toFloatArray()).containsOnly(1);
  }

  @Test
  void a_mask_of_another_shape_is_refused() {
    Layer layer = Fixtures.linear(manager, "w", 3, 2, 1, 1, 1, 1, 1, 1);

    assertThatThrownBy(() -> new Masks(Map.of("w", SOME)).apply(List.of(layer)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("layer w has Geometry[out=3, in=2");
  }

  @Test
  void totals_and_hash() {
    Map<String, Mask> masks = new LinkedHashMap<>();
    masks.put("a", SOME);
    masks.put("b", Mask.all(Geometry.linear(1, 2)));
    Masks all = new Masks(masks);

    assertThat(all.size()).isEqualTo(8);
    assertThat(all.kept()).isEqualTo(5);
    assertThat(all.sparsity()).isEqualTo(3 / 8.0);
    assertThat(all.hash()).hasSize(64).isEqualTo(new Masks(masks).hash());
    assertThat(new Masks(Map.of("a", SOME)).hash())
        .isNotEqualTo(new Masks(Map.of("b", SOME)).hash());
    assertThat(new Masks(Map.of()).sparsity()).isZero();
  }
}
