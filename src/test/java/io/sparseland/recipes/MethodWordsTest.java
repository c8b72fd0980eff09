// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.core.Allocation;
import io.sparseland.core.Epsilon;
import io.sparseland.core.ErdosRenyi;
import io.sparseland.core.Exploration;
import io.sparseland.core.Initialisation;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.UniformPlus;
import io.sparseland.pruners.Magnitude;
import io.sparseland.pruners.Saliency;
import io.sparseland.recipes.language.Applied;
import io.sparseland.recipes.language.Clock;
import io.sparseland.recipes.language.RecipeException;
import io.sparseland.schedulers.Constant;
import io.sparseland.schedulers.Cosine;
import io.sparseland.schedulers.InversePower;
import io.sparseland.schedulers.Ramp;
import io.sparseland.schedulers.RateCoupled;
import io.sparseland.schedulers.Stepped;
import io.sparseland.schedulers.dynamic.DynamicReparameterization;
import io.sparseland.schedulers.dynamic.Fresh;
import io.sparseland.schedulers.dynamic.Gmp;
import io.sparseland.schedulers.dynamic.GraNet;
import io.sparseland.schedulers.dynamic.Itop;
import io.sparseland.schedulers.dynamic.Mest;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.schedulers.dynamic.SparseEmbedding;
import io.sparseland.schedulers.dynamic.SparseEvolution;
import io.sparseland.schedulers.dynamic.SparseMomentum;
import io.sparseland.schedulers.dynamic.TopKast;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the words of methods, schedules and allocations mean, in a training of 10 x 100 steps. */
class MethodWordsTest {

  private static final Trigger LATE = Trigger.every(100).until(990);
  private static final Cosine FALLING = new Cosine(0.5, 0.005, 990);

  static Stream<Arguments> methods() {
    return Stream.of(
        Arguments.of(
            "rigl: {sparsity: 0.9, batches: 4}",
            new RigL(Cosine.decay(0.3, 750), Trigger.every(100).until(750), false, 4)),
        Arguments.of(
            "set: {sparsity: 0.9, fresh: normal, by_sign: true}",
            new SparseEvolution(new Constant(0.3), LATE, true, Fresh.NORMAL)),
        Arguments.of(
            "itop: {sparsity: 0.9, every: 100 steps, grow: unfired}",
            new Itop(FALLING, LATE, Itop.Growth.UNFIRED)),
        Arguments.of("snfs: {sparsity: 0.9}", new SparseMomentum(FALLING, LATE)),
        Arguments.of(
            "dsr: {sparsity: 0.9}",
            new DynamicReparameterization(new Constant(0.1), Trigger.every(100).until(750), 0.001)),
        Arguments.of(
            "dsr: {sparsity: 0.9, doubles: [20 %, 4 epochs]}",
            new DynamicReparameterization(
                new Constant(0.1),
                Trigger.every(100).until(750),
                0.001,
                List.of(200L, 400L))),
        Arguments.of(
            "gmp: {sparsity: 0.9, ramp: {iterative: 3}, criterion: saliency}",
            new Gmp(
                0,
                new Ramp.ByShares(3),
                Trigger.every(100).until(750),
                new Saliency())),
        Arguments.of(
            "gmp: {sparsity: 0.9, ramp: {linear_phases: 4}}",
            new Gmp(
                0,
                new Ramp.ByEqualSteps(4),
                Trigger.every(100).until(750),
                new Magnitude())),
        Arguments.of( // PST's warm-up: nothing in the first tenth, all of it in the last three
            "gmp: {sparsity: 0.9, begin: 10 %, until: 70 %}",
            new Gmp(
                0,
                Ramp.Plain.CUBIC,
                new Trigger(100, 100, 700),
                new Magnitude())),
        Arguments.of(
            "mest: {sparsity: 0.9, grow_first: true}",
            new Mest(
                new Stepped(List.of(0.2, 0.1), List.of(560L)),
                Trigger.every(100).until(750),
                0,
                true)),
        Arguments.of(
            "topkast: {sparsity: 0.9, backward: 0.8, form: l1}",
            new TopKast(0.8, Trigger.every(100).until(1000), 1e-4, Exploration.Form.L1)),
        Arguments.of("granet: {sparsity: 0.9, from: 0.5}", new GraNet(0.5, FALLING, LATE, 680)),
        Arguments.of("dsl: {sparsity: 0.5, batches: 7}", new SparseEmbedding(FALLING, LATE, 7)),
        Arguments.of(
            "set: {sparsity: 0.9, drop: {inverse_power: 0.3}}",
            new SparseEvolution(new InversePower(0.3, 3, 990), LATE)),
        Arguments.of(
            "set: {sparsity: 0.9, drop: {rate_coupled:"
                + " {from: 0.3, rate: {stepped: {values: [0.2, 0.1], changes: [5 epochs]}}}}}",
            new SparseEvolution(
                new RateCoupled(0.3, new Stepped(List.of(0.2, 0.1), List.of(500L))), LATE)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("methods")
  void words_become_records(String text, SparsityMethod method) {
    assertThat(read(text).value()).isEqualTo(method);
  }

  @Test
  void allocations_take_their_settings() {
    assertThat(target("allocation: {uniform_plus: {head: 0.5}}").allocation())
        .isEqualTo(new UniformPlus(0.5));
    assertThat(target("allocation: {erk: {power: 0.5}}").allocation())
        .isEqualTo(new ErdosRenyi(true, 0.5));
    assertThat(target("allocation: {epsilon: 20}").allocation()).isEqualTo(new Epsilon(20));
    assertThat(target("allocation: er").allocation()).isEqualTo(Allocation.er());
    assertThat(target("init: unit").init()).isEqualTo(Initialisation.UNIT);
    assertThat(read("granet: {sparsity: 0.9}").common().allocation())
        .isEqualTo(Allocation.global());
  }

  @Test
  void what_cannot_be_is_refused() {
    assertThatThrownBy(() -> read("granet: {sparsity: 0.9, pruned_by: 100 %}"))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining("not after the last");
    assertThatThrownBy(() -> read("rigl: {sparsity: 0.9, every: 0 steps}"))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining("every is 0 steps");
    assertThatThrownBy(() -> read("set: {sparsity: 0.9, drop: {constant: 1.5}}"))
        .isInstanceOf(RecipeException.class);
    assertThatThrownBy(() -> read("gmp: {sparsity: 0.9, begin: 90 %, until: 80 %}"))
        .isInstanceOf(RecipeException.class)
        .hasMessageContaining("begin");
  }

  private static TrainTarget target(String setting) {
    return read("rigl: {sparsity: 0.9, " + setting + "}").common();
  }

  private static Applied<SparsityMethod, TrainTarget> read(String method) {
    String text =
        """
        version: 1
        data: mnist
        model: lenet
        steps:
          - train: {epochs: 10, sparsity: [{%s}]}
        """
            .formatted(method);
    Recipe recipe = Recipes.parse(Path.of("words.yaml"), text).recipe();
    return recipe.steps(Step.Train.class).get(0).sparsity().get(0).at(Clock.of(100, 10));
  }
}
