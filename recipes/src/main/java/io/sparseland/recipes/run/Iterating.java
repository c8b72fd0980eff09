// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import io.sparseland.core.Layer;
import io.sparseland.core.Layers;
import io.sparseland.core.Mask;
import io.sparseland.core.Schedule;
import io.sparseland.core.Scores;
import io.sparseland.core.Torch;
import io.sparseland.core.graph.Graph;
import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.Step.Iterate;
import io.sparseland.recipes.Step.Iterate.Soup;
import io.sparseland.recipes.data.LabelledData;
import io.sparseland.recipes.language.Clock;
import io.sparseland.training.Examples;
import io.sparseland.training.OptimizerSettings;
import io.sparseland.training.RateSchedule;
import io.sparseland.training.Snapshot;
import io.sparseland.training.Stepping;
import io.sparseland.training.TrainHooks;
import io.sparseland.training.TrainLoop;
import io.sparseland.training.TrainProgress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The {@code iterate} step. */
final class Iterating {

  private static final int TEST_BATCH = 256;
  private static final int NORM_SAMPLES = 1000;

  private final Recipe recipe;
  private final Model model;
  private final LabelledData data;
  private final Runner.State state;
  private final Watcher watcher;
  private final RunLog log;
  private final Training training;
  private final Teachers teachers;
  private @Nullable Snapshot early; // what weights are rewound to

  Iterating(Recipe recipe, Opened opened, Runner.State state, Shown shown) {
    this.recipe = recipe;
    this.model = opened.model();
    this.data = (LabelledData) opened.data(); // the plan lets no other come here
    this.state = state;
    this.watcher = shown.watcher();
    this.log = shown.log();
    this.training = new Training(recipe, opened, state, shown);
    this.teachers = opened.teachers();
  }

  /**
   * Runs the step.
   *
   * @param remember whether a retraining learns from the model as the first training leaves it
   */
  void run(Iterate iterate, Supplier<Graph> graph, boolean remember) throws IOException {
    Examples examples = trainedOn(iterate);
    Clock first = training.clock(iterate.train(), examples);
    watcher.phase("training");
    early = iterate.rewindTo() == 0 ? Snapshot.of(model) : null;
    TrainHooks watching = training.hooks(first);
    training.run(
        iterate.train(),
        examples,
        new Training.Course(
            recipe.seed(), iterate.train().stepping(first), remembering(watching, iterate)));
    if (remember) {
      teachers.remember(model); // trained, and still dense
    }
    for (int round = 1; round <= iterate.rounds(); round++) {
      double adaptive = prune(iterate, graph, round);
      watcher.phase("retraining, round %d of %d".formatted(round, iterate.rounds()));
      startWeights(iterate, round);
      retrain(iterate, examples, rate(iterate, first, clock(iterate, examples), adaptive));
      if (iterate.soup().isPresent()) {
        // An average has other activations than its members.
        int samples = Math.min(NORM_SAMPLES, data.calibrationSize());
        BatchNorms.measure(model, data, graph.get(), samples, TEST_BATCH);
      }
      log.event("round", "round", round, "kept", state.masks.kept(), "of", state.masks.size());
    }
  }

  /** A greedy choice needs examples of its own. */
  private Examples trainedOn(Iterate iterate) {
    Examples all = data.train().examples();
    return greedy(iterate) ? all.first(all.size() - heldOut(all)) : all;
  }

  private static boolean greedy(Iterate iterate) {
    return iterate.soup().filter(soup -> soup.choose() == Soup.Choose.GREEDY).isPresent();
  }

  private static int heldOut(Examples all) {
    return Math.max(1, all.size() / 10);
  }

  private TrainHooks remembering(TrainHooks watching, Iterate iterate) {
    return new TrainHooks() {
      @Override
      public void progress(TrainProgress progress) {
        if (progress.step() == iterate.rewindTo()) {
          early = Snapshot.of(model);
        }
        watching.progress(progress);
      }

      @Override
      public boolean stop() {
        return watching.stop();
      }
    };
  }

  /** Prunes for a round; the top of ALLR's decay without its lower bound. */
  private double prune(Iterate iterate, Supplier<Graph> graph, int round) {
    Graph traced = graph.get();
    List<Layer> layers = Layers.of(traced);
    Map<String, float[]> before = new HashMap<>();
    layers.forEach(layer -> before.put(layer.name(), Scores.weights(layer)));
    Map<String, Mask> old = state.masks.byLayer();
    new Pruning(recipe, model, data, state).further(iterate.prune(), traced, iterate.after(round));
    double removed = 0;
    double all = 0;
    double gone = 0;
    double there = 0;
    for (Layer layer : layers) {
      Mask now = state.masks.byLayer().get(layer.name());
      float[] weights = before.get(layer.name());
      if (now == null || weights == null) {
        continue;
      }
      Mask was = old.get(layer.name());
      there += was == null ? now.size() : was.kept();
      gone += (was == null ? now.size() : was.kept()) - now.kept();
      for (int i = 0; i < weights.length; i++) {
        double square = (double) weights[i] * weights[i];
        all += square;
        removed += now.get(i) ? 0 : square;
      }
    }
    return gone == 0 ? 0 : RateSchedule.adaptive(Math.sqrt(removed / all), gone / there, 0);
  }

  private void startWeights(Iterate iterate, int round) {
    switch (iterate.weights()) {
      case KEPT -> {}
      case REWOUND -> {
        if (early == null) {
          throw new IllegalArgumentException(
              "rewind_to %d is beyond the first training".formatted(iterate.rewindTo()));
        }
        early.restore(model);
      }
      case REDRAWN -> redraw(round);
    }
  }

  private void redraw(int round) {
    Engine.getEngine(Torch.ENGINE).setRandomSeed(Long.hashCode(recipe.seed() + 1000L * round));
    for (Parameter parameter : model.getBlock().getParameters().values()) {
      parameter.close();
      parameter.initialize(model.getNDManager(), DataType.FLOAT32);
    }
  }

  private Clock clock(Iterate iterate, Examples examples) {
    return training.clock(iterate.again(), examples);
  }

  private void retrain(Iterate iterate, Examples examples, Schedule rate) throws IOException {
    Step.Train again = iterate.again();
    Clock clock = clock(iterate, examples);
    Stepping stepping = again.stepping(clock).with(rate);
    if (iterate.soup().isEmpty()) {
      training.run(
          again, examples, new Training.Course(recipe.seed(), stepping, training.hooks(clock)));
      return;
    }
    Soup soup = iterate.soup().get();
    Snapshot pruned = Snapshot.of(model);
    List<Snapshot> members = new ArrayList<>();
    List<Double> scores = new ArrayList<>();
    for (int m = 0; m < soup.members(); m++) {
      pruned.restore(model);
      training.run(
          decayed(again, soup, m),
          examples,
          new Training.Course(recipe.seed() + 7919L * (m + 1), stepping, training.hooks(clock)));
      members.add(Snapshot.of(model));
      scores.add(TrainLoop.accuracy(model, judges(iterate), TEST_BATCH));
    }
    mix(iterate, members, scores);
  }

  /** Examples that choose members, or only tell how good each is. */
  private Examples judges(Iterate iterate) {
    if (!greedy(iterate)) {
      return data.test().examples();
    }
    Examples all = data.train().examples();
    return all.last(heldOut(all));
  }

  private void mix(Iterate iterate, List<Snapshot> members, List<Double> scores) {
    List<Snapshot> chosen = new ArrayList<>(members);
    if (greedy(iterate)) {
      chosen.clear();
      double best = -1;
      for (int m : descending(scores)) {
        chosen.add(members.get(m));
        Snapshot.mean(chosen).restore(model);
        double accuracy = TrainLoop.accuracy(model, judges(iterate), TEST_BATCH);
        if (accuracy >= best) {
          best = accuracy;
        } else {
          chosen.remove(chosen.size() - 1);
        }
      }
    }
    Snapshot.mean(chosen).restore(model);
    double mean = scores.stream().mapToDouble(d -> d).average().orElse(0);
    state.scores.put("accuracy_member_mean", mean);
    log.event("soup", "members", scores, "mean", mean, "chosen", chosen.size());
    state.notes.add(
        String.format(
            Locale.ROOT,
            "soup of %d of %d retrainings; their accuracies %s, mean %.4f",
            chosen.size(),
            members.size(),
            scores,
            mean));
  }

  private static int[] descending(List<Double> scores) {
    return IntStream.range(0, scores.size())
        .boxed()
        .sorted(Comparator.comparingDouble((Integer m) -> -scores.get(m)))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static Step.Train decayed(Step.Train train, Soup soup, int member) {
    if (soup.decays().isEmpty()) {
      return train;
    }
    double decay = soup.decays().get(member % soup.decays().size());
    return train.with(withDecay(train.optimizer(), decay));
  }

  private static OptimizerSettings withDecay(OptimizerSettings optimizer, double decay) {
    if (optimizer instanceof OptimizerSettings.Sgd sgd) {
      return new OptimizerSettings.Sgd(sgd.rate(), sgd.momentum(), decay);
    }
    if (optimizer instanceof OptimizerSettings.Adam adam) {
      return new OptimizerSettings.Adam(adam.rate(), decay);
    }
    OptimizerSettings.AdamW adamW = (OptimizerSettings.AdamW) optimizer;
    return new OptimizerSettings.AdamW(adamW.rate(), decay);
  }

  private static RateSchedule linear(long steps) {
    return new RateSchedule.Linear(steps / 10, steps);
  }

  private static Schedule rate(Iterate iterate, Clock first, Clock clock, double adaptive) {
    Schedule whole = iterate.train().stepping(first).rate();
    long steps = clock.steps();
    double low = Math.min(1, steps / (double) first.steps());
    double top = Math.max(low, adaptive);
    return switch (iterate.rate()) {
      case OWN -> iterate.again().stepping(clock).rate();
      case REWOUND -> step -> whole.at(Math.max(0, first.steps() - steps) + step);
      case LAST -> step -> whole.at(first.steps() - 1);
      case LINEAR -> linear(steps);
      case COSINE -> new RateSchedule.Cosine(steps / 10, 0, steps);
      case ADAPTIVE -> step -> top * new RateSchedule.Linear(0, steps).at(step);
    };
  }
}
