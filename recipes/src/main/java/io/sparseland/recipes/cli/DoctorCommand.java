// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.run.Machine;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** {@code sparseland doctor}: what is there, what is lacking, and the command that mends it. */
@Command(name = "doctor", description = "Checks this computer; one line per fact.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class DoctorCommand implements Callable<Integer> {

  @ParentCommand private Main main;

  /**
   * One fact.
   *
   * @param mend what to do where it is not well; empty where it is
   * @param needed whether training is impossible without it
   */
  record Fact(String what, String found, boolean ok, boolean needed, String mend) {}

  @Override
  public Integer call() {
    List<Fact> facts = new ArrayList<>();
    facts.add(java());
    facts.add(memory());
    facts.add(cores());
    facts.addAll(Checkup.torch());
    facts.addAll(Checkup.kernels());
    facts.add(Checkup.cache());
    if (main.console().json()) {
      main.console().document(facts);
    } else {
      facts.forEach(
          f ->
              main.console()
                  .result(
                      "%-4s %-16s %s%s"
                          .formatted(
                              f.ok() ? "ok" : f.needed() ? "FAIL" : "warn",
                              f.what(),
                              f.found(),
                              f.mend().isEmpty() ? "" : "; " + f.mend())));
    }
    return facts.stream().anyMatch(f -> f.needed() && !f.ok()) ? 1 : 0;
  }

  private static Fact java() {
    int feature = Runtime.version().feature();
    return new Fact(
        "java",
        Runtime.version() + " (" + System.getProperty("java.vendor") + ")",
        feature >= 17,
        true,
        feature >= 17 ? "" : "install JDK 17: apt-get install openjdk-17-jdk-headless");
  }

  private static Fact memory() {
    long heap = Runtime.getRuntime().maxMemory() >> 20;
    return new Fact(
        "memory",
        heap + " MiB for Java",
        heap >= 512,
        false,
        heap >= 512 ? "" : "export SPARSELAND_JAVA_OPTIONS=-Xmx2g");
  }

  private static Fact cores() {
    return new Fact("cpu", Machine.cores() + " cores, " + Machine.cpu(), true, false, "");
  }
}
