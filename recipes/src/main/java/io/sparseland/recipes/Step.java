// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.AfterTraining;
import io.sparseland.core.Allocation;
import io.sparseland.core.Budget;
import io.sparseland.core.Budgeted;
import io.sparseland.core.Calibration;
import io.sparseland.core.Criterion;
import io.sparseland.core.Layer;
import io.sparseland.core.OneShot;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Reconstruction;
import io.sparseland.core.Scope;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.UnitCriterion;
import io.sparseland.core.UnitPruning;
import io.sparseland.core.export.ExportOptions;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.pruners.Dsnot;
import io.sparseland.recipes.language.Applied;
import io.sparseland.recipes.language.Choice;
import io.sparseland.recipes.language.Clock;
import io.sparseland.recipes.language.Default;
import io.sparseland.recipes.language.Deferred;
import io.sparseland.training.Clip;
import io.sparseland.training.OptimizerSettings;
import io.sparseland.training.RateSchedule;
import io.sparseland.training.Stepping;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One step of a recipe. */
public sealed interface Step {

  /** Its word in a recipe. */
  String word();

  /**
   * Trains; masks that earlier steps made are held.
   *
   * @param epochs passes over the training examples
   * @param optimizer with its settings
   * @param batch examples per step, if not that of the data
   * @param sparsity methods, each on its own layers; none trains dense
   * @param accumulate pieces that a batch is cut into
   * @param clip what is done to large gradients
   * @param rates course of the optimizer's rate
   * @param distill what is learned from another model
   */
  record Train(
      int epochs,
      @Default("{adam: {}}") OptimizerSettings optimizer,
      Optional<Integer> batch,
      @Default("[]") List<Deferred<Applied<SparsityMethod, TrainTarget>>> sparsity,
      @Default("1") int accumulate,
      Optional<Clip> clip,
      @Default("constant") Deferred<RateSchedule> rates,
      Optional<Distill> distill)
      implements Step {
    /** Checks the numbers. */
    public Train {
      Checks.positive("epochs", epochs);
      batch.ifPresent(b -> Checks.positive("batch", b));
      Checks.positive("accumulate", accumulate);
    }

    /** The same with another optimizer. */
    public Train with(OptimizerSettings other) {
      return new Train(epochs, other, batch, sparsity, accumulate, clip, rates, distill);
    }

    /** How steps are made in a training of that length. */
    public Stepping stepping(Clock clock) {
      return new Stepping(accumulate, clip, rates.at(clock));
    }

    @Override
    public String word() {
      return "train";
    }
  }

  /**
   * Trains, then prunes and retrains round after round, the same share of survivors each time:
   * iterative magnitude pruning, lottery tickets, sparse model soups.
   *
   * @param rounds of pruning
   * @param train the first training
   * @param retrain of each round; as the first if left out
   * @param prune what goes in the end
   * @param weights those that a round starts with
   * @param rewindTo steps of the first training, for {@code weights: rewound}
   * @param rate course of the rate in a round
   * @param soup several retrainings that are averaged
   */
  record Iterate(
      int rounds,
      Train train,
      Optional<Train> retrain,
      Prune prune,
      @Default("kept") Weights weights,
      @Default("0") int rewindTo,
      @Default("own") Rate rate,
      Optional<Soup> soup)
      implements Step {
    /** Checks the numbers. */
    public Iterate {
      Checks.positive("rounds", rounds);
      if (rewindTo < 0) {
        throw new IllegalArgumentException("rewind_to " + rewindTo + " must be 0 or more");
      }
      if (!train.sparsity().isEmpty() || retrain.stream().anyMatch(r -> !r.sparsity().isEmpty())) {
        throw new IllegalArgumentException(
            "sparsity comes from 'prune' here: leave it out of train and retrain");
      }
    }

    /** What a round starts with. */
    public enum Weights {
      /** Those that were trained. */
      KEPT,
      /** Those of an early step of the first training: lottery tickets. */
      REWOUND,
      /** New random ones: the control of lottery tickets. */
      REDRAWN
    }

    /** Course of the rate while retraining. */
    public enum Rate {
      /** That of the train step; with {@code %} it is squeezed into a shorter retraining (SLR). */
      OWN,
      /** The last part of the first training's, as long as the retraining: rate rewinding. */
      REWOUND,
      /** The last of the first training, throughout: fine-tuning. */
      LAST,
      /** Linear to 0 after a warm-up of a tenth (LLR). */
      LINEAR,
      /** Along half a cosine to 0 (CLR). */
      COSINE,
      /** Linear to 0 from a rate that grows with what the pruning took away (ALLR). */
      ADAPTIVE
    }

    /**
     * Retrainings from the same pruned weights, averaged.
     *
     * @param members how many, which differ in the order of examples
     * @param decays weight decays of sgd or adam that members take in turns; the optimizer's if
     *     empty
     * @param choose uniform: all; greedy: in order of accuracy on the last tenth of the training
     *     examples, which are then not trained on, whoever does not lower it
     */
    public record Soup(
        @Default("3") int members,
        @Default("[]") List<Double> decays,
        @Default("uniform") Choose choose) {
      /** Checks the number. */
      public Soup {
        Checks.positive("members", members);
      }

      /** Who is averaged. */
      public enum Choose {
        /** All. */
        UNIFORM,
        /** Those that do not lower the accuracy. */
        GREEDY
      }
    }

    /** The training of a round. */
    public Train again() {
      return retrain.orElse(train);
    }

    /** The share of weights pruned after a round: the same share of survivors goes in each. */
    public double after(int round) {
      double whole = prune.criterion().common().share();
      return round == rounds ? whole : 1 - Math.pow(1 - whole, (double) round / rounds);
    }

    @Override
    public String word() {
      return "iterate";
    }
  }

  /**
   * Drops all masks: pruned weights may learn again, from 0. The second half of sparse pre-training
   * with dense fine-tuning.
   *
   * @see <a href="https://arxiv.org/abs/2303.10464">Thangarasa et al. 2023, "SPDF: Sparse
   *     Pre-training and Dense Fine-tuning for Large Language Models"</a>
   */
  record Unmask() implements Step {
    @Override
    public String word() {
      return "unmask";
    }
  }

  /**
   * Prunes at once.
   *
   * @param criterion which weights matter, and how many go
   * @param calibrate examples to collect statistics from, if any are asked for
   * @param reconstruct what is done to the weights that stay, one after another
   * @param rounds times that statistics are collected anew and some more weights go
   * @param ramp how many go in each round
   * @param masks what becomes of the zeros of layers that are sparse already; must be said if there
   *     are any
   */
  record Prune(
      @Choice Applied<Criterion, PruneTarget> criterion,
      @Default("{samples: 128}") Calibrate calibrate,
      @Default("[]") List<Reconstruction> reconstruct,
      @Default("1") int rounds,
      @Default("linear") Ramp ramp,
      Optional<Present> masks)
      implements Step {
    /** Checks the number, and that what is inherited is not pruned further. */
    public Prune {
      Checks.positive("rounds", rounds);
      if (masks.equals(Optional.of(Present.INHERIT)) && criterion.common().share() != 0) {
        throw new IllegalArgumentException(
            "'masks: inherit' prunes nothing more: set 'sparsity' to 0, or use 'masks: extend'");
      }
    }

    /** What becomes of the zeros of a layer that is sparse already. */
    public enum Present {
      /** The mask stays as it is; weights are reconstructed under it. */
      INHERIT,
      /** What is pruned stays pruned, and more goes. */
      EXTEND,
      /** The mask is chosen anew among all weights. */
      FRESH,
      /** The layer is left alone. */
      FREEZE
    }

    /** How the share of pruned weights grows from round to round. */
    public enum Ramp {
      /** By equal steps. */
      LINEAR,
      /** By equal shares of what is left. */
      EXPONENTIAL
    }

    /** The share of weights that are pruned after a round, the first being 1. */
    public double after(int round) {
      double whole = criterion.common().share();
      double passed = (double) round / rounds;
      return round == rounds
          ? whole
          : ramp == Ramp.LINEAR ? whole * passed : 1 - Math.pow(1 - whole, passed);
    }

    /**
     * The whole method, with a seed.
     *
     * @param uses by layer name, how often one example uses each weight
     */
    public AfterTraining method(List<Layer> selected, long seed, Map<String, Double> uses) {
      return criterion.common().pattern().units() ? units(seed) : oneShot(selected, seed, uses);
    }

    private UnitPruning units(long seed) {
      Optional<Allocation> spread = criterion.common().allocation();
      boolean compares = criterion.value() instanceof UnitCriterion own && own.comparesLayers();
      boolean global = spread.map(a -> a.equals(Allocation.global())).orElse(compares);
      if (spread.isPresent() && !global && !spread.get().equals(Allocation.uniform())) {
        throw new IllegalArgumentException(
            "pattern 'unit' goes with allocation 'uniform' or 'global'");
      }
      return new UnitPruning(
          criterion.value(),
          global,
          reconstruct,
          calibrate.calibration(!reconstruct.isEmpty()),
          seed);
    }

    /** The method for single weights and patterns of a layer. */
    public OneShot oneShot(List<Layer> selected, long seed, Map<String, Double> uses) {
      PruneTarget target = criterion.common();
      Pattern pattern = target.pattern(selected);
      Pruner pruner = Pruner.of(criterion.value()).seeded(seed);
      if (target.allocation().isPresent()) {
        pruner = pruner.with(target.allocation().get());
      } else if (!pattern.equals(Pattern.unstructured()) && pruner.within() == Scope.GLOBAL) {
        pruner = pruner.within(Scope.LAYER);
      }
      pruner = pruner.with(pattern);
      if (target.scope().isPresent()) {
        pruner = pruner.within(target.scope().get());
      }
      if (target.budget() != Budget.NONZEROS) {
        pruner = pruner.with(new Budgeted(pruner.allocation(), target.budget(), uses));
      }
      return new OneShot(pruner, reconstruct, calibrate.calibration(reconstructs()));
    }

    /** DSnoT leaves the layer's own dense weights: there is nothing to move to another target. */
    private boolean reconstructs() {
      return reconstruct.stream().anyMatch(r -> !(r instanceof Dsnot));
    }

    @Override
    public String word() {
      return "prune";
    }
  }

  /**
   * Training examples that a criterion may look at.
   *
   * @param samples how many, from the first on
   * @param order whether a layer sees what the layers pruned before it give, or the dense model
   * @param target what a layer's output should be; unless said, the dense model's if something is
   *     reconstructed (by more than dsnot) in sequential order, else its own
   * @param damping how strongly weights are held with the target dense
   * @param batch examples at once, and of one gradient; if not that of the data
   */
  record Calibrate(
      @Default("128") int samples,
      @Default("sequential") Calibration.Order order,
      Optional<Calibration.Target> target,
      @Default("0.01") double damping,
      Optional<Integer> batch) {
    /** Checks the numbers. */
    public Calibrate {
      Checks.positive("samples", samples);
      batch.ifPresent(b -> Checks.positive("batch", b));
    }

    /** The settings for core; throws if they contradict each other. */
    public Calibration calibration(boolean reconstructs) {
      boolean towardsDense = reconstructs && order == Calibration.Order.SEQUENTIAL;
      return new Calibration(
          order,
          target.orElse(towardsDense ? Calibration.Target.DENSE : Calibration.Target.OWN),
          damping);
    }
  }

  /**
   * Measures the running statistics of all batch norms anew, on the model as it is by then.
   *
   * @param samples training examples, from the first on
   * @param batch examples at once, if not that of the data; no result depends on it
   */
  record BatchNorm(@Default("1000") int samples, Optional<Integer> batch) implements Step {
    /** Checks the numbers. */
    public BatchNorm {
      Checks.positive("samples", samples);
      batch.ifPresent(b -> Checks.positive("batch", b));
    }

    @Override
    public String word() {
      return "batch_norm";
    }
  }

  /** Measures accuracy on the test examples; done after each train and prune step anyway. */
  record Evaluate() implements Step {
    @Override
    public String word() {
      return "evaluate";
    }
  }

  /**
   * Writes the model directory.
   *
   * @param type of the weights of linear layers; all else stays fp32
   * @param layout which kernels: the fastest, sparse wherever there is a mask, or dense
   * @param profile costs to choose kernels by; without it they are measured on this machine
   * @param batch examples or tokens that kernels are chosen for, besides one alone
   * @param to folder inside the run directory
   */
  record Export(
      @Default("fp32") WeightType type,
      @Default("auto") ExportOptions.Kernels layout,
      Optional<CostTable> profile,
      @Default("32") int batch,
      @Default("model") String to)
      implements Step {
    /** Checks that the folder stays inside the run directory. */
    public Export {
      Checks.positive("batch", batch);
      Checks.fileName("to", to);
    }

    /** What the exporter is told. */
    public ExportOptions.Form form() {
      return new ExportOptions.Form(type, layout, profile, batch);
    }

    @Override
    public String word() {
      return "export";
    }
  }

  /**
   * Times the exported model against dense DJL/PyTorch, and if asked the masked training step
   * against the plain one.
   *
   * @param batches batch sizes
   * @param threads thread counts
   * @param trainSteps training steps to time; 0 times none
   */
  record Bench(
      @Default("[1, 32]") List<Integer> batches,
      @Default("[1]") List<Integer> threads,
      @Default("0") int trainSteps)
      implements Step {
    /** Checks the numbers. */
    public Bench {
      Checks.positive("batches", batches);
      Checks.positive("threads", threads);
      if (trainSteps < 0 || trainSteps > 1_000_000) {
        throw new IllegalArgumentException("train_steps " + trainSteps + " must be 0 to 1000000");
      }
    }

    @Override
    public String word() {
      return "bench";
    }
  }
}
