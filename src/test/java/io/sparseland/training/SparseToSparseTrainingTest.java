// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.translate.TranslateException;
import io.sparseland.core.Allocation;
import io.sparseland.core.Exploration;
import io.sparseland.core.Initialisation;
import io.sparseland.core.Mask;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.schedulers.Cosine;
import io.sparseland.schedulers.dynamic.DynamicReparameterization;
import io.sparseland.schedulers.dynamic.GraNet;
import io.sparseland.schedulers.dynamic.Itop;
import io.sparseland.schedulers.dynamic.Mest;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.schedulers.dynamic.SparseMomentum;
import io.sparseland.schedulers.dynamic.Static;
import io.sparseland.schedulers.dynamic.TopKast;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Methods in whole training runs: counts, ever-active weights, work, what moves. */
class SparseToSparseTrainingTest {

  private static final Trigger EVERY_5 = Trigger.every(5).until(60);
  private static final OptimizerSettings SGD = new OptimizerSettings.Sgd(0.05, 0.9, 1e-4);

  static List<SparsityMethod> moving() {
    return List.of(
        new SparseMomentum(new Cosine(0.5, 0.005, 60), EVERY_5),
        new DynamicReparameterization(step -> 0.2, EVERY_5, 0.01));
  }

  @ParameterizedTest
  @MethodSource("moving")
  void weights_move_between_layers_and_their_number_stays(SparsityMethod method) {
    List<Map<String, Mask>> masks = new ArrayList<>();

    Sparsity result = train(method, SGD, s -> masks.add(s.masks().byLayer()));

    for (Map<String, Mask> each : masks) {
      assertThat(each.values().stream().mapToInt(Mask::kept).sum()).isEqualTo(86); // of 344
    }
    assertThat(masks.stream().map(m -> requireNonNull(m.get("linear.0")).kept()).distinct())
        .hasSizeGreaterThan(1);
    assertThat(result.updates()).isNotEmpty();
  }

  @Test
  void ever_active_weights_are_the_union_of_all_masks() {
    Map<String, BitSet> union = new HashMap<>();
    List<MaskUpdate> seen = new ArrayList<>();

    train(
        new Itop(step -> 0.4, EVERY_5, Itop.Growth.UNFIRED),
        SGD,
        sparsity -> {
          sparsity
              .masks()
              .byLayer()
              .forEach(
                  (name, mask) ->
                      union.computeIfAbsent(name, n -> new BitSet()).or(mask.keptSet()));
          List<MaskUpdate> updates = sparsity.updates();
          for (MaskUpdate update : updates.subList(seen.size(), updates.size())) {
            assertThat(update.everActive())
                .isEqualTo(requireNonNull(union.get(update.layer())).cardinality());
            assertThat(update.everActiveShare()).isBetween(update.density(), 1.0);
            seen.add(update);
          }
        });

    List<Integer> first =
        seen.stream()
            .filter(u -> u.layer().equals("linear.0"))
            .map(MaskUpdate::everActive)
            .toList();
    assertThat(first).hasSize(12).isSorted();
    assertThat(first.get(11)).isGreaterThan(2 * 48);
  }

  @Test
  void granet_ends_at_its_target() {
    Sparsity result = train(new GraNet(0.5, step -> 0.3, EVERY_5, 40), SGD, s -> {});

    assertThat(result.masks().kept()).isEqualTo(86);
    assertThat(result.updates().get(0).step()).isEqualTo(5);
  }

  @Test
  void mest_that_grows_first_ends_at_its_target() {
    Sparsity result = train(new Mest(step -> 0.5, EVERY_5, 0.5, true), SGD, s -> {});

    assertThat(result.masks().kept()).isEqualTo(86);
    assertThat(result.updates().stream().mapToInt(MaskUpdate::grown).sum()).isPositive();
  }

  @Test
  void top_kast_moves_only_what_learns_and_uses_only_the_largest() {
    for (OptimizerSettings optimizer : List.of(SGD, new OptimizerSettings.Adam(0.01, 0.01))) {
      TopKast method = new TopKast(0.5, EVERY_5, 1e-3, Exploration.Form.L2);
      AtomicReference<Mask> first = new AtomicReference<>();

      Sparsity result =
          train(
              method,
              optimizer,
              s -> first.compareAndSet(null, s.masks().byLayer().get("linear.0")));

      assertThat(result.masks().kept()).isEqualTo(86);
      assertThat(result.masks().byLayer().get("linear.0")).isNotEqualTo(first.get());
      LayerWork work = result.work().get(0);
      assertThat(work.forward()).isEqualTo(48 * work.steps());
      assertThat(work.gradient()).isEqualTo(96 * work.steps());
    }
  }

  @Test
  void work_follows_the_cost_accounting() {
    double fixed = work(new Static());
    double rigl = work(new RigL(step -> 0.3, Trigger.every(10).until(60)));
    double snfs = work(new SparseMomentum(step -> 0.3, EVERY_5));
    double mest = work(new Mest(step -> 0.3, EVERY_5, 0.5, false));

    assertThat(fixed).isCloseTo(0.25, within(1e-12));
    assertThat(mest).isCloseTo(0.25, within(1e-12));
    assertThat(snfs).isCloseTo((2 * 0.25 + 1) / 3, within(0.01)); // shares move a little
    // 5 updates in 60 steps (the one after step 60 is not reached): one dense gradient each
    assertThat(rigl).isCloseTo(0.25 + 5 * 0.75 / 3 / 60, within(1e-12));
  }

  @Test
  void snfs_without_momentum_says_so() {
    assertThatThrownBy(
            () ->
                train(
                    new SparseMomentum(step -> 0.3, EVERY_5),
                    new OptimizerSettings.Sgd(0.05, 0, 0),
                    s -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no momentum");
  }

  @Test
  void sparse_aware_weights_are_drawn_once_by_seed() {
    try (Model a = Nets.mlp(5, 12, 16, 8, 3);
        Model b = Nets.mlp(6, 12, 16, 8, 3)) {
      for (Model model : List.of(a, b)) {
        Sparsity sparsity = sparsity(new Static()).initialised(Initialisation.UNIT);
        TrainPlan plan =
            new TrainPlan(new OptimizerSettings.Sgd(1e-12, 0, 0), 1, 8, 1, List.of(sparsity));
        TrainLoop.run(model, Nets.blobs(8, 12, 3, 9), plan, TrainHooks.none());
      }

      assertThat(Nets.weights(a, "linear.0")).isEqualTo(Nets.weights(b, "linear.0"));
    }
  }

  static List<SparsityMethod> all() {
    Trigger often = Trigger.every(5).until(1000);
    return List.of(
        new RigL(step -> 0.3, often, false, 3),
        new Itop(step -> 0.3, often, Itop.Growth.UNFIRED),
        new SparseMomentum(step -> 0.3, often),
        new DynamicReparameterization(step -> 0.2, often, 0.01),
        new Mest(step -> 0.3, often, 0.5, true),
        new TopKast(0.5, often, 1e-3, Exploration.Form.L1),
        new GraNet(0.5, step -> 0.3, often, 400));
  }

  @ParameterizedTest
  @MethodSource("all")
  void arrays_stay_the_same_in_number(SparsityMethod method) {
    try (Model model = Nets.mlp(5, 12, 16, 8, 3)) {
      NDManager manager = model.getNDManager();
      Set<Integer> counts = new HashSet<>();
      TrainHooks hooks =
          new TrainHooks() {
            @Override
            public void progress(TrainProgress progress) {
              if (progress.step() % 20 == 0 && progress.step() > 20) { // at one point of the cycle
                counts.add(
                    manager.getManagedArrays().size()
                        + manager.getParentManager().getManagedArrays().size());
              }
            }
          };
      TrainPlan plan = new TrainPlan(SGD, 25, 8, 1, List.of(sparsity(method)));

      TrainResult result = TrainLoop.run(model, Nets.blobs(160, 12, 3, 9), plan, hooks);

      assertThat(result.updates()).hasSizeGreaterThan(100);
      assertThat(counts).hasSize(1);
    }
  }

  private static double work(SparsityMethod method) {
    List<LayerWork> work = train(method, SGD, s -> {}).work();
    return work.stream().mapToDouble(w -> w.share() * w.size()).sum()
        / work.stream().mapToInt(LayerWork::size).sum();
  }

  /**
   * 60 steps of a small classifier; the watcher sees the state before every step and at the end.
   */
  private static Sparsity train(
      SparsityMethod method, OptimizerSettings settings, Consumer<Sparsity> watcher) {
    try (Model model = Nets.mlp(5, 12, 16, 8, 3)) {
      Sparsity sparsity = sparsity(method);
      TrainingListener seen =
          new TrainingListenerAdapter() {
            @Override
            public void onTrainingBatch(Trainer trainer, BatchData batch) {
              watcher.accept(sparsity);
            }

            @Override
            public void onTrainingEnd(Trainer trainer) {
              watcher.accept(sparsity);
            }
          };
      try (Trainer trainer =
          model.newTrainer(
              Nets.config()
                  .optOptimizer(sparsity.wrap(settings.create()))
                  .addTrainingListeners(seen, sparsity.listener()))) {
        EasyTrain.fit(
            trainer, 3, Nets.dataset(model.getNDManager(), Nets.blobs(160, 12, 3, 9), 8), null);
      } catch (IOException | TranslateException e) {
        throw new AssertionError(e);
      }
      return sparsity;
    }
  }

  private static Sparsity sparsity(SparsityMethod method) {
    return Sparsity.of(method).at(0.75, Allocation.uniform()).on(Nets.everyLinear()).seed(17);
  }
}
