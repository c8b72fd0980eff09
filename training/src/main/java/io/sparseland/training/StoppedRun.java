// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.util.Pair;
import io.sparseland.core.Torch;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A {@link TrainLoop} that was stopped between two steps: its weights (of views and stores the
 * hidden ones), optimizer, masks and methods, and where it stood.
 */
final class StoppedRun {

  private static final String PARAMETER = "parameter/";

  private final TrainState state;

  /**
   * Where a loop stands.
   *
   * @param step completed
   * @param lossSum of this epoch so far
   * @param lossCount steps in it
   */
  record Position(long step, double lossSum, long lossCount) {}

  private StoppedRun(TrainState state) {
    this.state = state;
  }

  /** What a training is given, which must be the same when it goes on. */
  record Setting(Model model, TrainPlan plan, int examples) {

    private String text() {
      return "%s, %d epochs of %d examples, batch %d in %d pieces, seed %d"
          .formatted(
              plan.optimizer(),
              plan.epochs(),
              examples,
              plan.batch(),
              plan.stepping().accumulate(),
              plan.seed());
    }

    /** Parameters by the names that a block of the same kind gives them again. */
    private Map<String, Parameter> parameters() {
      Map<String, Parameter> named = new LinkedHashMap<>();
      for (Pair<String, Parameter> each : model.getBlock().getParameters()) {
        named.put(each.getKey(), each.getValue());
      }
      return named;
    }

    /** Names of what the optimizer steps, by its ids. */
    private Map<String, String> names() {
      Map<String, String> names = new LinkedHashMap<>();
      parameters()
          .forEach(
              (name, parameter) -> {
                names.put(parameter.getId(), name);
                names.put(parameter.getId() + ViewedLayer.OWN, name + ViewedLayer.OWN);
              });
      return names;
    }
  }

  /** Writes everything; the trainer is still open. */
  static void save(
      Path file,
      Setting setting,
      Position position,
      Optimizer optimizer,
      @Nullable Sparsity sparsity) {
    TrainState into = new TrainState();
    into.put("setting", setting.text());
    into.put("position", position.step, position.lossCount);
    into.put("loss", Double.toString(position.lossSum));
    Torch.withoutGradients(
        () -> {
          setting
              .parameters()
              .forEach(
                  (name, parameter) -> {
                    NDArray shown = parameter.getArray();
                    into.put(
                        PARAMETER + name,
                        sparsity == null ? shown : sparsity.behind(parameter.getId()).orElse(shown));
                  });
          if (sparsity != null) {
            sparsity.save(into);
          }
          OptimizerSlots.save(optimizer, setting.names(), into);
        });
    into.write(file);
  }

  /**
   * Reads it; nothing is changed yet.
   *
   * @throws IllegalArgumentException if that training was another one
   */
  static StoppedRun read(Path file, Setting setting) {
    TrainState state = TrainState.read(file);
    state.check("setting", setting.text());
    return new StoppedRun(state);
  }

  /** Where the loop stood. */
  Position position() {
    long[] numbers = state.numbersOf("position");
    return new Position(numbers[0], Double.parseDouble(state.text("loss")), numbers[1]);
  }

  /** Puts the weights and the optimizer's memory back, before there is a trainer. */
  void restore(Setting setting, Optimizer optimizer, @Nullable Sparsity sparsity) {
    NDManager manager = setting.model.getNDManager();
    Torch.withoutGradients(
        () -> {
          setting
              .parameters()
              .forEach((name, parameter) -> state.fill(PARAMETER + name, parameter.getArray()));
          OptimizerSlots.restore(optimizer, setting.names(), state, manager);
        });
    if (sparsity != null) {
      sparsity.resuming(state);
    }
  }
}
