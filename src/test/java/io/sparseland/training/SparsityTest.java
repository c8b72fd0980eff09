// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import io.sparseland.core.Allocation;
import io.sparseland.core.Mask;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.models.Mlp;
import io.sparseland.schedulers.Cosine;
import io.sparseland.schedulers.dynamic.Gmp;
import io.sparseland.schedulers.dynamic.Itop;
import io.sparseland.schedulers.dynamic.Mest;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.schedulers.dynamic.SparseEvolution;
import io.sparseland.schedulers.dynamic.Static;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Plain DJL training, {@code EasyTrain.fit} included, with the two lines added. */
class SparsityTest {

  private static final int BATCH = 10;
  private static final int BATCHES = 20; // per epoch
  private static final Trigger EVERY_4 = Trigger.every(4).until(40);

  static Stream<Arguments> optimizersAndMethods() {
    Map<String, Supplier<Optimizer>> optimizers =
        Map.of("sgd", Nets::sgd, "adam", Nets::adam, "adamW", Nets::adamW);
    Map<String, SparsityMethod> methods =
        Map.of(
            "static", new Static(),
            "set", new SparseEvolution(step -> 0.3, EVERY_4),
            "rigl", new RigL(Cosine.decay(0.3, 40), EVERY_4),
            "rigl over batches", new RigL(Cosine.decay(0.3, 40), EVERY_4, true, 3),
            "itop", new Itop(Cosine.decay(0.3, 60), EVERY_4, Itop.Growth.GRADIENT),
            "unfired", new Itop(Cosine.decay(0.3, 60), EVERY_4, Itop.Growth.UNFIRED),
            "mest", new Mest(step -> 0.3, EVERY_4, 0.5, false));
    return optimizers.entrySet().stream()
        .flatMap(
            o ->
                methods.entrySet().stream()
                    .map(
                        m ->
                            Arguments.of(
                                o.getKey() + " " + m.getKey(), o.getValue().get(), m.getValue())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("optimizersAndMethods")
  void keeps_exactly_the_promised_count_at_every_step(
      String name, Optimizer optimizer, SparsityMethod method) throws Exception {
    try (Model model = Nets.mlp(5, 12, 16, 8, 3)) {
      Sparsity sparsity =
          Sparsity.of(method).at(0.75, Allocation.uniform()).on(Nets.everyLinear()).seed(17);

      Invariants seen = fit(model, sparsity, optimizer, 3);

      assertThat(seen.masks).hasSize(3 * BATCHES + 1);
      assertThat(seen.counts("linear.0")).containsExactly(48); // 192 / 4
      assertThat(seen.counts("linear.1")).containsExactly(32); // 128 / 4
      assertThat(seen.counts("linear.2")).containsExactly(6); // 24 / 4
      assertThat(seen.weight(60, "linear.0")).isNotEqualTo(seen.weight(59, "linear.0"));
    }
  }

  static Stream<Arguments> optimizers() {
    return Stream.of(
        Arguments.of("sgd", Nets.sgd()),
        Arguments.of("adam", Nets.adam()),
        Arguments.of("adamW", Nets.adamW()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("optimizers")
  void gradual_pruning_follows_its_ramp_with_nested_masks(String name, Optimizer optimizer)
      throws Exception {
    try (Model model = Nets.mlp(5, 12, 16, 3)) {
      Sparsity sparsity =
          Sparsity.of(new Gmp(Trigger.every(10).from(10).until(40)))
              .at(0.9, Allocation.uniform())
              .on(Nets.only("linear.0"));

      Invariants seen = fit(model, sparsity, optimizer, 3);

      // 192 weights; 0.9 - 0.9 (1 - u)^3 at u = 0, 1/3, 2/3, 1 is 0, 0.63333, 0.86667, 0.9:
      // 0, 121, 166, 172 pruned
      assertThat(seen.counts("linear.0")).containsExactly(192, 71, 26, 20);
      assertThat(seen.mask(19, "linear.0").kept()).isEqualTo(192);
      assertThat(seen.mask(20, "linear.0").kept()).isEqualTo(71);
      for (int i = 1; i < seen.masks.size(); i++) {
        Mask earlier = seen.mask(i - 1, "linear.0");
        assertThat(seen.mask(i, "linear.0").isSubsetOf(earlier)).isTrue();
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("optimizers")
  void rigl_update_takes_the_place_of_the_step(String name, Optimizer optimizer) throws Exception {
    try (Model model = Nets.mlp(5, 12, 16, 3)) {
      Sparsity sparsity =
          Sparsity.of(new RigL(step -> 0.5, Trigger.every(6).until(6)))
              .at(0.75, Allocation.uniform())
              .on(Nets.only("linear.0"));

      Invariants seen = fit(model, sparsity, optimizer, 1);

      // the batch after 6 completed ones updates the masks: state 7 differs from state 6 by that
      Mask before = seen.mask(6, "linear.0");
      Mask after = seen.mask(7, "linear.0");
      float[] old = seen.weight(6, "linear.0");
      float[] now = seen.weight(7, "linear.0");
      int grown = 0;
      for (int i = 0; i < old.length; i++) {
        boolean survivor = before.get(i) && after.get(i);
        assertThat(now[i]).isEqualTo(survivor ? old[i] : 0f);
        grown += after.get(i) && !before.get(i) ? 1 : 0;
      }
      assertThat(grown).isPositive();
      assertThat(sparsity.updates()).hasSize(1);
      MaskUpdate update = sparsity.updates().get(0);
      assertThat(update)
          .isEqualTo(new MaskUpdate(6, "linear.0", 192, 48, grown, grown, 48 + grown));
      assertThat(seen.masks.get(20)).isEqualTo(seen.masks.get(7)); // frozen after `until`
      assertThat(seen.weight(8, "linear.0")).isNotEqualTo(now);
    }
  }

  @Test
  void rigl_update_leaves_other_parameters_alone_and_no_gradient_behind() throws Exception {
    try (Model model = Nets.mlp(5, 12, 16, 3)) {
      Sparsity sparsity =
          Sparsity.of(new RigL(step -> 0.5, Trigger.every(1)))
              .at(0.75, Allocation.uniform())
              .on(Nets.only("linear.0"));
      float[] dense = Nets.weights(model, "linear.1");

      fit(model, sparsity, Nets.sgd(), 1); // batch 0 steps, all others update

      float[] after = Nets.weights(model, "linear.1");
      assertThat(after).isNotEqualTo(dense);
      try (Model once = Nets.mlp(5, 12, 16, 3)) {
        Sparsity same =
            Sparsity.of(new Static()).at(0.75, Allocation.uniform()).on(Nets.only("linear.0"));
        fit(once, same, Nets.sgd(), Nets.blobs(BATCH, 12, 3, 9), 1);
        assertThat(after).isEqualTo(Nets.weights(once, "linear.1"));
      }
      model
          .getBlock()
          .getParameters()
          .values()
          .forEach(p -> assertThat(p.getArray().getGradient().toFloatArray()).containsOnly(0f));
    }
  }

  @Test
  void set_updates_follow_the_step_they_come_after() throws Exception {
    try (Model model = Nets.mlp(5, 12, 16, 3)) {
      Sparsity sparsity =
          Sparsity.of(new SparseEvolution(step -> 0.5, Trigger.every(6).until(6)))
              .at(0.75, Allocation.uniform())
              .on(Nets.only("linear.0"));

      Invariants seen = fit(model, sparsity, Nets.sgd(), 1);

      assertThat(seen.masks.get(6)).isNotEqualTo(seen.masks.get(5));
      assertThat(seen.masks.get(20)).isEqualTo(seen.masks.get(6));
      Mask before = seen.mask(5, "linear.0");
      Mask after = seen.mask(6, "linear.0");
      float[] old = seen.weight(5, "linear.0");
      float[] now = seen.weight(6, "linear.0");
      int moved = 0;
      for (int i = 0; i < old.length; i++) {
        assertThat(after.get(i) && !before.get(i) && now[i] != 0).isFalse(); // fresh ones are 0
        moved += before.get(i) && after.get(i) && old[i] != now[i] ? 1 : 0;
      }
      assertThat(moved).isPositive();
    }
  }

  @Test
  void kept_weights_train_as_if_the_pruned_ones_were_not_there() throws Exception {
    // Masking gradients alone must equal the textbook: dense step, then weights masked.
    Examples data = Nets.blobs(BATCH * BATCHES, 12, 3, 9);
    try (Model model = Nets.mlp(5, 12, 16, 3);
        Model textbook = Nets.mlp(5, 12, 16, 3)) {
      Sparsity sparsity =
          Sparsity.of(new Static()).at(0.75, Allocation.uniform()).on(Nets.everyLinear());
      fit(model, sparsity, Nets.adam(), data, 2);
      Map<String, Mask> masks = sparsity.masks().byLayer();
      Optimizer adam = Nets.adam();
      Textbook optimizer = new Textbook(adam, textbook, masks);
      try (Trainer trainer = textbook.newTrainer(Nets.config().optOptimizer(optimizer))) {
        EasyTrain.fit(trainer, 2, Nets.dataset(textbook.getNDManager(), data, BATCH), null);
      }

      for (String layer : List.of("linear.0", "linear.1")) {
        assertThat(positiveZeros(Nets.weights(model, layer)))
            .containsExactly(positiveZeros(Nets.weights(textbook, layer)));
      }
    }
  }

  @Test
  void several_methods_work_side_by_side_on_different_layers() throws Exception {
    try (Model model = Nets.mlp(5, 12, 16, 8, 3)) {
      Sparsity sparsity =
          Sparsity.of(new RigL(step -> 0.3, Trigger.every(5)))
              .at(0.75, Allocation.uniform())
              .on(Nets.only("linear.0"))
              .and(
                  Sparsity.of(new Gmp(Trigger.every(5).until(15)))
                      .at(0.5, Allocation.uniform())
                      .on(Nets.only("linear.1")));

      Invariants seen = fit(model, sparsity, Nets.sgd(), 2);

      assertThat(seen.counts("linear.0")).containsExactly(48);
      // 128 weights; 0.5 - 0.5 (1 - u)^3 at u = 0, 1/2, 1: 0, 0.4375, 0.5: 0, 56, 64 pruned
      assertThat(seen.counts("linear.1")).containsExactly(128, 72, 64);
      assertThat(sparsity.masks().byLayer()).containsOnlyKeys("linear.0", "linear.1");
    }
  }

  @Test
  void given_masks_are_held() throws Exception {
    try (Model model = Nets.mlp(5, 12, 16, 3);
        Model again = Nets.mlp(6, 12, 16, 3)) {
      Sparsity first = Sparsity.of(new Static()).at(0.9, Allocation.erk());
      fit(model, first, Nets.sgd(), 1);

      Sparsity second = Sparsity.holding(first.masks());
      fit(again, second, Nets.adam(), 1);

      assertThat(second.masks().byLayer()).isEqualTo(first.masks().byLayer());
    }
  }

  @Test
  void a_block_initialised_late_is_masked_from_its_first_step_on() throws Exception {
    try (Model model = Nets.mlp(5, 12, 16, 3);
        Model late = Model.newInstance("late", "PyTorch")) {
      late.setBlock(new Mlp(List.of(12, 16, 3)).get());
      Sparsity sparsity =
          Sparsity.of(new Static()).at(0.75, Allocation.uniform()).on(Nets.everyLinear());
      Optimizer sgd = Nets.sgd();
      NDManager manager = late.getNDManager();
      try (Trainer trainer =
          late.newTrainer(
              Nets.config()
                  .optOptimizer(sparsity.wrap(sgd))
                  .addTrainingListeners(sparsity.listener()))) {
        trainer.initialize(new Shape(1, 12));
        EasyTrain.fit(trainer, 1, Nets.dataset(manager, Nets.blobs(BATCH, 12, 3, 9), BATCH), null);
        Mask mask = Objects.requireNonNull(sparsity.masks().byLayer().get("linear.0"));
        assertThat(mask.kept()).isEqualTo(48);
        float[] weights = Nets.weights(late, "linear.0");
        for (int i = 0; i < weights.length; i++) {
          assertThat(weights[i] != 0).isEqualTo(mask.get(i));
        }
        assertThat(OptimizerSlots.of(sgd).of(Nets.parameter(late, "linear.0").getId())).isEmpty();
      }
    }
  }

  @Test
  void same_seed_gives_the_same_bits() throws Exception {
    float[] first = evolved(17);

    assertThat(evolved(17)).containsExactly(first);
    assertThat(evolved(18)).isNotEqualTo(first);
  }

  private static float[] positiveZeros(float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] += 0f; // -0 + 0 = 0
    }
    return values;
  }

  private static float[] evolved(long seed) throws Exception {
    try (Model model = Nets.mlp(5, 12, 16, 3)) {
      Sparsity sparsity =
          Sparsity.of(new SparseEvolution(step -> 0.3, EVERY_4))
              .at(0.75, Allocation.uniform())
              .seed(seed);
      fit(model, sparsity, Nets.adam(), 2);
      return Nets.weights(model, "linear.0");
    }
  }

  private static Invariants fit(Model model, Sparsity sparsity, Optimizer optimizer, int epochs)
      throws Exception {
    return fit(model, sparsity, optimizer, Nets.blobs(BATCH * BATCHES, 12, 3, 9), epochs);
  }

  private static Invariants fit(
      Model model, Sparsity sparsity, Optimizer optimizer, Examples data, int epochs)
      throws Exception {
    Invariants invariants = new Invariants(model, sparsity, optimizer);
    try (Trainer trainer =
        model.newTrainer(
            Nets.config()
                .optOptimizer(sparsity.wrap(optimizer))
                .addTrainingListeners(invariants, sparsity.listener()))) {
      EasyTrain.fit(trainer, epochs, Nets.dataset(model.getNDManager(), data, BATCH), null);
    }
    return invariants;
  }
}
