// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import io.sparseland.recipes.Comparison;
import io.sparseland.recipes.Expect;
import io.sparseland.recipes.LoadedRecipe;
import io.sparseland.recipes.Recipe;
import io.sparseland.recipes.Step;
import io.sparseland.recipes.language.Mistakes;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What must stand in a recipe so that an expectation can be tested. */
final class Expectations {

  private Expectations() {}

  static void check(LoadedRecipe loaded, Mistakes mistakes) {
    Recipe recipe = loaded.recipe();
    Expect expect = recipe.expect();
    boolean bench = !recipe.steps(Step.Bench.class).isEmpty();
    boolean export = !recipe.steps(Step.Export.class).isEmpty();
    String metric = recipe.data().metric();
    boolean trainBench = recipe.steps(Step.Bench.class).stream().anyMatch(b -> b.trainSteps() > 0);
    List<Need> needs =
        List.of(
            new Need("accuracy", expect.accuracy(), metric.equals("accuracy"), "data with labels"),
            new Need(
                "perplexity", expect.perplexity(), metric.equals("perplexity"), "data of text"),
            new Need(
                "masked_loss",
                expect.maskedLoss(),
                metric.equals("masked_loss"),
                "data of masked text"),
            new Need(
                "spearman", expect.spearman(), metric.equals("spearman"), "data of sentence pairs"),
            new Need(
                "cosine",
                expect.cosine(),
                Set.of("cosine", "spearman", "ndcg").contains(metric),
                "data of sentences"),
            new Need("ndcg", expect.ndcg(), metric.equals("ndcg"), "data of 'retrieval'"),
            new Need("speedup", expect.speedup(), bench, "a 'bench' step"),
            new Need("latency_sparse_ms", expect.latencySparseMs(), bench, "a 'bench' step"),
            new Need("max_abs_error", expect.maxAbsError(), export, "an 'export' step"),
            new Need("bytes_ratio", expect.bytesRatio(), export, "an 'export' step"),
            new Need(
                "train_step_ratio",
                expect.trainStepRatio(),
                trainBench,
                "a 'bench' step with 'train_steps'"));
    for (Need need : needs) {
      if (need.expected().isPresent() && !need.met()) {
        mistakes.add(
            loaded.place("expect", need.key()),
            "'" + need.key() + "' can only be expected with " + need.what());
      }
    }
  }

  private record Need(String key, Optional<Comparison> expected, boolean met, String what) {}
}
