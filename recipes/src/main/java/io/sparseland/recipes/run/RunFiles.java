// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import com.fasterxml.jackson.annotation.JsonRawValue;
import io.sparseland.recipes.LoadedRecipe;
import io.sparseland.training.Checkpoint;
import java.util.Map;

/** The files of a run directory. */
final class RunFiles {

  private RunFiles() {}

  /** What {@code recipe.lock} holds: enough to know what ran. */
  record Lock(
      String name,
      String recipeHash,
      String dataDigest,
      String maskHash,
      long seed,
      int threads,
      Map<String, String> versions,
      @JsonRawValue String recipe) {}

  static void write(
      RunFolder folder,
      LoadedRecipe loaded,
      Model model,
      Runner.State state,
      Report report,
      RunLog log) {
    Lock lock =
        new Lock(
            loaded.name(),
            loaded.hash(),
            report.dataDigest(),
            state.masks.hash(),
            report.seed(),
            loaded.recipe().threads(),
            report.versions(),
            loaded.resolved());
    folder.write(RunFolder.LOCK, Json.write(lock) + "\n");
    folder.write("report.json", Json.write(report) + "\n");
    folder.write("run.log", log.text());
    Checkpoint.save(folder.staging().resolve(SavedRun.CHECKPOINT), model, state.masks);
    folder.write("report.html", HtmlReport.of(report));
    folder.write("report.png", Picture.png(report));
  }
}
