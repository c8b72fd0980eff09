// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import ai.djl.engine.Engine;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.OneDnn;
import io.sparseland.kernels.Threads;
import io.sparseland.recipes.cli.DoctorCommand.Fact;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What {@code doctor} finds out about native parts. */
final class Checkup {

  private Checkup() {}

  /** Starts the engine: that it starts is the fact that matters. */
  static List<Fact> torch() {
    try {
      Engine engine = Engine.getEngine("PyTorch");
      return List.of(
          new Fact(
              "pytorch",
              "%s through DJL %s, %s threads unless a recipe says otherwise"
                  .formatted(
                      engine.getVersion(),
                      Engine.getDjlVersion(),
                      System.getProperty("ai.djl.pytorch.num_threads", "1")),
              true,
              true,
              ""));
    } catch (RuntimeException | UnsatisfiedLinkError e) {
      return List.of(
          new Fact(
              "pytorch",
              "does not start: " + e.getMessage(),
              false,
              true,
              "check that the cache folder below can be written and has 500 MB; DJL needs glibc"
                  + " 2.28 on x86-64 Linux"));
    }
  }

  /** The kernels that exported models will run on. */
  static List<Fact> kernels() {
    String name = Kernels.best().name();
    boolean java = name.equals("java");
    return List.of(
        new Fact(
            "kernels",
            (java
                    ? "Java kernels (slower); no native kernels were built or loaded"
                    : "native, " + name)
                + ", %d threads".formatted(Threads.count()),
            !java,
            false,
            java
                ? "on Debian: apt-get install g++ cmake, then remove kernels/target and run again"
                : ""),
        new Fact(
            "onednn",
            OneDnn.status(),
            OneDnn.loaded(),
            false,
            OneDnn.loaded() ? "" : "optional; our own dense kernels are used"));
  }

  /** Where DJL unpacks PyTorch's libraries. */
  static Fact cache() {
    Path folder =
        Path.of(
            Optional.ofNullable(System.getenv("DJL_CACHE_DIR"))
                .orElse(System.getProperty("user.home") + "/.djl.ai"));
    boolean ok = Files.isWritable(folder) || !Files.exists(folder);
    return new Fact(
        "cache",
        folder.toString(),
        ok,
        false,
        ok ? "" : "choose a folder that can be written: export DJL_CACHE_DIR=DIR");
  }
}
