// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Allocation;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerShape;
import io.sparseland.core.LayerType;
import io.sparseland.core.Layers;
import io.sparseland.core.LikeDense;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The size rules of algorithms/sparse-training.md section 6.12. */
class IsoFlopTest {

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.5, 0.75, 0.9, 0.99})
  void each_identity_holds_before_rounding(double s) {
    double in = 576;
    double out = 64;
    double dense = in * out;
    double k = IsoFlop.widening(s);
    double r = IsoFlop.factorRank(576, 64, s);
    double low = IsoFlop.dopedRank(576, 64, s);

    assertThat((k * in) * (k * out) * (1 - s) / dense).isCloseTo(1, within(1e-12));
    assertThat(IsoFlop.branches(s) * (1 - s)).isCloseTo(1, within(1e-12));
    assertThat((1 - s) * r * (in + out) / dense).isCloseTo(1, within(1e-12));
    assertThat(((1 - s) * dense + low * (in + out)) / dense).isCloseTo(1, within(1e-12));
  }

  @ParameterizedTest
  @CsvSource({
    "0.5, 1.414214, 90, 2, 116, 28",
    "0.75, 2, 128, 4, 231, 43",
    "0.9, 3.162278, 202, 10, 576, 51" // 576 and not 577: the real rank is 576
  })
  void a_convolution_of_64_channels(
      double s, double k, int width, int branches, int rank, int doped) {
    assertThat(IsoFlop.widening(s)).isCloseTo(k, within(1e-6));
    assertThat(IsoFlop.wide(64, s)).isEqualTo(width);
    assertThat(Math.round(IsoFlop.branches(s))).isEqualTo(branches);
    assertThat(IsoFlop.up(IsoFlop.factorRank(576, 64, s))).isEqualTo(rank);
    assertThat(IsoFlop.down(IsoFlop.dopedRank(576, 64, s))).isEqualTo(doped);
  }

  @ParameterizedTest
  @CsvSource({
    // 100 x 60 = 6000 multiplications in the inner layer of 40-100-60-10, within one rank or unit
    "PARALLEL, 0.75, 4",
    "FACTORISED, 0.75, 2",
    "DOPED, 0.75, 1",
    "PARALLEL, 0.5, 2",
    "FACTORISED, 0.9, 2",
    "DOPED, 0.5, 1"
  })
  void members_cost_what_the_dense_layer_costs(
      SparseIft.Member member, double s, int sparseLayers) {
    try (Model model = built(new SparseIft(List.of(40, 100, 60, 10), member, s))) {
      List<Layer> layers = Layers.of(model.getBlock(), new Shape(2, 40));
      double cost = 0;
      int sparse = 0;
      for (Layer layer : layers) {
        if (layer.name().contains(".1.")) { // the second replaced layer
          boolean pruned = layer.name().contains("sparse");
          sparse += pruned ? 1 : 0;
          cost += layer.geometry().size() * (pruned ? 1 - s : 1);
        }
      }
      assertThat(sparse).isEqualTo(sparseLayers);
      assertThat(cost / 6000).isCloseTo(1, within(0.04)); // ranks are whole numbers
    }
  }

  @Test
  void wide_widens_what_lies_between() {
    try (Model model =
        built(new SparseIft(List.of(40, 100, 60, 10), SparseIft.Member.WIDE, 0.75))) {
      assertThat(
              Layers.of(model.getBlock(), new Shape(2, 40)).stream()
                  .map(l -> l.geometry().out() + "x" + l.geometry().in()))
          .containsExactly("200x40", "120x200", "10x120");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"WIDE", "PARALLEL", "DOPED"})
  void nothing_is_replaced_at_sparsity_0(SparseIft.Member member) {
    try (Model model = built(new SparseIft(List.of(40, 100, 60, 10), member, 0))) {
      assertThat(
              Layers.of(model.getBlock(), new Shape(2, 40)).stream()
                  .map(l -> l.geometry().out() + "x" + l.geometry().in()))
          .containsExactly("100x40", "60x100", "10x60");
    }
  }

  @Test
  void a_wide_network_keeps_exactly_the_weights_of_the_dense_one() {
    List<LayerShape> wide = List.of(shape("a", 1024, 784), shape("b", 10, 1024));
    Allocation iso = new LikeDense(List.of(784, 512, 10));

    assertThat(iso.kept(wide, 0.75)).containsExactly(784 * 512, 512 * 10);
    assertThatThrownBy(() -> iso.kept(wide.subList(0, 1), 0.75))
        .hasMessageContaining("1 layers are selected");
    assertThatThrownBy(() -> new LikeDense(List.of(784, 2000, 10)).kept(wide, 0.75))
        .hasMessageContaining("layer 'a' has 802816 weights, fewer than the 1568000");
  }

  @Test
  void full_sparsity_leaves_nothing_to_spend() {
    assertThatThrownBy(() -> new SparseIft(List.of(4, 4), SparseIft.Member.WIDE, 1))
        .hasMessageContaining("allowed: 0 to below 1");
  }

  private static LayerShape shape(String name, int out, int in) {
    return new LayerShape(name, LayerType.LINEAR, Geometry.linear(out, in));
  }

  private static Model built(SparseIft architecture) {
    Model model = Model.newInstance("test", "PyTorch");
    model.setBlock(architecture.get());
    model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, new Shape(2, 40));
    return model;
  }
}
