// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;
import io.sparseland.core.SparsityMethod;
import io.sparseland.models.Mlp;
import io.sparseland.recipes.language.Applied;
import io.sparseland.recipes.language.Clock;
import io.sparseland.recipes.plan.Targets;
import io.sparseland.training.Examples;
import io.sparseland.training.Objective;
import io.sparseland.training.OptimizerSettings;
import io.sparseland.training.Sparsity;
import io.sparseland.training.TrainHooks;
import io.sparseland.training.TrainLoop;
import io.sparseland.training.TrainPlan;
import io.sparseland.training.TrainProgress;
import io.sparseland.training.TrainResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A training that is stopped and goes on ends as one that is not, to the bit. */
class ResumeTest {

  private static final int EPOCHS = 5;
  private static final int BATCH = 10;
  private static final Examples DATA = examples();
  private static final OptimizerSettings ADAM_W = new OptimizerSettings.AdamW(0.01, 0.01);
  private static final OptimizerSettings SGD = new OptimizerSettings.Sgd(0.05, 0.9, 0.001);

  /** Settings that a method needs, or that let it work in the 80 steps here. */
  private static final Map<String, String> SETTINGS =
      Map.ofEntries(
          Map.entry("rigl", "sparsity: 0.7, every: 6 steps, batches: 4"),
          Map.entry("set", "sparsity: 0.7, every: 5 steps"),
          Map.entry("static", "sparsity: 0.7"),
          Map.entry("gmp", "sparsity: 0.7, every: 5 steps"),
          Map.entry("itop", "sparsity: 0.7, every: 5 steps, grow: unfired"),
          Map.entry("snfs", "sparsity: 0.7, every: 5 steps"),
          Map.entry("dsr", "sparsity: 0.7, every: 5 steps, threshold: 0.01"),
          Map.entry("mest", "sparsity: 0.7, every: 5 steps, grow_first: true"),
          Map.entry("topkast", "sparsity: 0.7, backward: 0.4, every: 5 steps"),
          Map.entry("granet", "sparsity: 0.7, every: 5 steps"),
          Map.entry("dsl", "sparsity: 0.7, every: 8 steps, batches: 8"),
          Map.entry("ste", "pattern: \"2:4\""),
          Map.entry("sr_ste", "pattern: \"2:4\""),
          Map.entry("mdgf", "pattern: \"2:4\""),
          Map.entry("sdgf", "pattern: \"2:8\""),
          Map.entry("bdwp", "pattern: \"2:4\", every: 3 steps"),
          Map.entry("ast", "pattern: \"2:4\", decay: 0.01, every: 3 steps"),
          Map.entry("str", "start: -4, decay: 0.02"),
          Map.entry("iss_p", "sparsity: 0.7"),
          Map.entry("wgsef", "sparsity: 0.5, pattern: row, lambda: 0.001"),
          Map.entry("popup", "sparsity: 0.7"),
          Map.entry("ac_dc", "sparsity: 0.7"));

  @TempDir Path folder;

  /** Every word there is: a new method without a line above fails here. */
  static Stream<String> methods() {
    return StreamSupport.stream(
        Kinds.CATALOGUE.words(SparsityMethod.class).spliterator(), false);
  }

  @ParameterizedTest
  @MethodSource("methods")
  void a_stopped_training_ends_as_one_that_was_not(String method) {
    String settings = Objects.requireNonNull(SETTINGS.get(method), "settings in this test");
    OptimizerSettings optimizer = method.equals("ast") ? ADAM_W : SGD;
    TrainPlan whole = plan(method, settings, optimizer);
    try (Model straight = model();
        Model stopped = model();
        Model resumed = model()) {
      TrainResult expected = TrainLoop.run(straight, DATA, whole, TrainHooks.none());

      Path state = folder.resolve("state");
      Stop stop = new Stop(37, state);
      TrainLoop.run(stopped, DATA, plan(method, settings, optimizer), stop);
      TrainResult found =
          resume(state, resumed, plan(method, settings, optimizer), TrainHooks.none());

      assertThat(values(resumed)).isDeepEqualTo(values(straight));
      assertThat(found.masks()).isEqualTo(expected.masks());
      assertThat(found.updates()).isEqualTo(expected.updates());
      assertThat(found.work()).isEqualTo(expected.work());
      assertThat(found.loss()).isEqualTo(expected.loss());
    }
  }

  @Test
  void adam_and_a_dense_training_go_on_as_well() {
    OptimizerSettings adam = new OptimizerSettings.Adam(0.01, 0.001);
    TrainPlan dense = new TrainPlan(adam, EPOCHS, BATCH, 3, List.of());
    try (Model straight = model();
        Model stopped = model();
        Model resumed = model()) {
      TrainLoop.run(straight, DATA, dense, TrainHooks.none());
      Path state = folder.resolve("state");
      TrainLoop.run(stopped, DATA, dense, new Stop(48, state)); // between two epochs
      resume(state, resumed, dense, TrainHooks.none());

      assertThat(values(resumed)).isDeepEqualTo(values(straight));
    }
  }

  @Test
  void other_settings_layers_and_masks_are_refused() {
    Path state = folder.resolve("state");
    try (Model stopped = model();
        Model other = model()) {
      TrainLoop.run(stopped, DATA, plan("rigl", "sparsity: 0.7, every: 5 steps", SGD), new Stop(20, state));
      float[][] before = values(other);

      assertThatThrownBy(() -> resume(state, other, plan("rigl", "sparsity: 0.7, every: 5 steps", ADAM_W)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the stopped training had setting 'Sgd");
      assertThat(values(other)).isDeepEqualTo(before);
      assertThatThrownBy(() -> resume(state, other, plan("rigl", "sparsity: 0.8, every: 5 steps", SGD)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("RigL at 0.7 [linear.0, linear.1]")
          .hasMessageContaining("RigL at 0.8");
      assertThatThrownBy(
              () ->
                  resume(
                      state,
                      other,
                      plan("rigl", "sparsity: 0.7, every: 5 steps, on: {types: [linear]}", SGD)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("masks for [linear.0, linear.1]")
          .hasMessageContaining("needs one for layer 'linear.2'");
    }
  }

  @Test
  void held_masks_must_be_those_of_the_stopped_training() {
    Path state = folder.resolve("state");
    try (Model first = model();
        Model second = model();
        Model stopped = model()) {
      var masks = TrainLoop.run(first, DATA, plan("static", "sparsity: 0.7", SGD), TrainHooks.none());
      var others = TrainLoop.run(second, DATA, plan("rigl", "sparsity: 0.7, every: 5 steps", SGD), TrainHooks.none());
      TrainLoop.run(stopped, DATA, holding(Sparsity.holding(masks.masks())), new Stop(9, state));

      assertThatThrownBy(
              () -> resume(state, stopped, holding(Sparsity.holding(others.masks()))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is to be held at another mask than the stopped training's");
    }
  }

  private static TrainPlan holding(Sparsity sparsity) {
    return new TrainPlan(SGD, EPOCHS, BATCH, 3, List.of(sparsity));
  }

  private static TrainResult resume(Path state, Model model, TrainPlan plan) {
    return resume(state, model, plan, TrainHooks.none());
  }

  private static TrainResult resume(Path state, Model model, TrainPlan plan, TrainHooks hooks) {
    return TrainLoop.resume(
        state, model, DATA, plan, Objective.of(Loss.softmaxCrossEntropyLoss()), hooks);
  }

  /** Ends the run before a step and writes its state. */
  private static final class Stop implements TrainHooks {
    private final long at;
    private final Path file;
    private long steps;

    Stop(long at, Path file) {
      this.at = at;
      this.file = file;
    }

    @Override
    public void progress(TrainProgress progress) {
      steps = progress.step();
    }

    @Override
    public boolean stop() {
      return steps >= at;
    }

    @Override
    public Optional<Path> stateFile() {
      return Optional.of(file);
    }
  }

  private static TrainPlan plan(String word, String settings, OptimizerSettings optimizer) {
    String text =
        """
        version: 1
        data: mnist
        model: lenet
        steps:
          - train: {epochs: 10, sparsity: [{%s: {%s}}]}
        """
            .formatted(word, settings);
    Recipe recipe = Recipes.parse(Path.of("words.yaml"), text).recipe();
    Clock clock = Clock.of(DATA.size() / BATCH, EPOCHS);
    Applied<SparsityMethod, TrainTarget> method =
        recipe.steps(Step.Train.class).get(0).sparsity().get(0).at(clock);
    TrainTarget target = method.common();
    Sparsity sparsity =
        Sparsity.of(method.value())
            .at(target.share(method.value()), target.allocation())
            .pattern(target.pattern(List.of(), method.value()))
            .seed(5);
    if (target.on().isPresent()) {
      sparsity = sparsity.on(Targets.selector(target.on()));
    }
    return new TrainPlan(optimizer, EPOCHS, BATCH, 3, List.of(sparsity));
  }

  private static Model model() {
    Engine.getEngine("PyTorch").setRandomSeed(1);
    Model model = Model.newInstance("resume", "PyTorch");
    model.setBlock(new Mlp(List.of(16, 24, 16, 4)).get());
    model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 16));
    return model;
  }

  private static float[][] values(Model model) {
    return model.getBlock().getParameters().values().stream()
        .map(p -> p.getArray().toFloatArray())
        .toArray(float[][]::new);
  }

  private static Examples examples() {
    Random random = new Random(7);
    int count = 160;
    float[] x = new float[count * 16];
    float[] y = new float[count];
    for (int n = 0; n < count; n++) {
      y[n] = n % 4;
      for (int i = 0; i < 16; i++) {
        x[n * 16 + i] = (float) random.nextGaussian() + (i % 4 == n % 4 ? 1 : 0);
      }
    }
    return Examples.of(x, new Shape(16), y);
  }
}
