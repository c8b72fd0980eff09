// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.Criterion;
import io.sparseland.core.SparsityMethod;
import io.sparseland.recipes.language.Applied;
import io.sparseland.recipes.language.Choice;
import io.sparseland.recipes.language.Default;
import io.sparseland.recipes.language.Deferred;
import io.sparseland.training.OptimizerSettings;
import java.util.List;
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
   */
  record Train(
      int epochs,
      @Default("{adam: {}}") OptimizerSettings optimizer,
      Optional<Integer> batch,
      @Default("[]") List<Deferred<Applied<SparsityMethod, TrainTarget>>> sparsity)
      implements Step {
    /** Checks the numbers. */
    public Train {
      Checks.positive("epochs", epochs);
      batch.ifPresent(b -> Checks.positive("batch", b));
    }

    @Override
    public String word() {
      return "train";
    }
  }

  /**
   * Prunes at once.
   *
   * @param criterion which weights matter, and how many go
   * @param calibrate examples to collect statistics from, if the criterion asks for any
   */
  record Prune(
      @Choice Applied<Criterion, PruneTarget> criterion,
      @Default("{samples: 128}") Calibrate calibrate)
      implements Step {
    @Override
    public String word() {
      return "prune";
    }
  }

  /**
   * Training examples that a criterion may look at.
   *
   * @param samples how many, from the first on
   */
  record Calibrate(@Default("128") int samples) {
    /** Checks the number. */
    public Calibrate {
      Checks.positive("samples", samples);
    }
  }

  /** Measures accuracy on the test examples; done after each train and prune step anyway. */
  record Evaluate() implements Step {
    @Override
    public String word() {
      return "evaluate";
    }
  }

  /** Which kernels the exported layers get. */
  enum Layout {
    /** Whichever is faster by what is known. */
    AUTO,
    /** Sparse wherever there is a mask. */
    SPARSE,
    /** Dense everywhere. */
    DENSE
  }

  /**
   * Writes the model directory.
   *
   * @param layout which kernels
   * @param to folder inside the run directory
   */
  record Export(@Default("auto") Layout layout, @Default("model") String to) implements Step {
    /** Checks that the folder stays inside the run directory. */
    public Export {
      Checks.fileName("to", to);
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
