// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.Failure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/**
 * {@code sparseland bench kernels}: the options of the native program, which checks their values.
 */
@Command(
    name = "kernels",
    description = "Times the native kernels against oneDNN, MKL, libxsmm and Eigen, in turns.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class BenchKernelsCommand implements Callable<Integer> {

  @ParentCommand private BenchCommand bench;

  @Option(names = "--quick", description = "BERT shapes at M = 1, 32, 128, 90 %%: a minute.")
  private boolean quick;

  @Option(names = "--goals", description = "The table of goals: goal, stretch, ours.")
  private boolean goals;

  @Option(names = "--sweep", description = "Never slower than dense, at every sparsity.")
  private boolean sweep;

  @Option(names = "--conv", description = "Convolutions of ResNet and MobileNetV2.")
  private boolean conv;

  @Option(names = "--training", description = "Products of a training step.")
  private boolean training;

  @Option(names = "--csv", description = "Comma-separated values.")
  private boolean csv;

  @Option(names = "--no-peers", description = "Against our own dense kernel alone.")
  private boolean noPeers;

  @Option(names = "--filter", description = "Only rows whose text matches this pattern.")
  private @Nullable String filter;

  @Option(names = "--rounds", description = "Turns per row.")
  private @Nullable String rounds;

  @Option(names = "--types", description = "Of fp32,bf16,int8.")
  private @Nullable String types;

  @Option(names = "--patterns", description = "Of unstructured, N:M, RxC; comma-separated.")
  private @Nullable String patterns;

  @Option(names = "--shapes", description = "Outputs x inputs: 768x768,3072x768.")
  private @Nullable String shapes;

  @Option(names = "--tokens", description = "Rows of the input: 1,128.")
  private @Nullable String tokens;

  @Option(names = "--sparsities", description = "Fractions: 0.5,0.9.")
  private @Nullable String sparsities;

  @Option(names = "--threads", description = "Thread counts: 1,2.")
  private @Nullable String threads;

  @Option(names = "--design", description = "Only this design of ours, and dense.")
  private @Nullable String design;

  @Option(names = "--level", description = "avx512, avx2 or scalar.")
  private @Nullable String level;

  @Override
  public Integer call() throws IOException {
    Console console = bench.console();
    if (console.json() && csv) {
      throw new Failure(Failure.USAGE, "--json or --csv, not both");
    }
    return NativeBench.in(console).run(arguments(console.json()));
  }

  private List<String> arguments(boolean json) {
    List<String> arguments = new ArrayList<>();
    flag(arguments, "--json", json);
    flag(arguments, "--csv", csv);
    flag(arguments, "--quick", quick);
    flag(arguments, "--goals", goals);
    flag(arguments, "--sweep", sweep);
    flag(arguments, "--conv", conv);
    flag(arguments, "--training", training);
    flag(arguments, "--no-peers", noPeers);
    value(arguments, "--filter", filter);
    value(arguments, "--rounds", rounds);
    value(arguments, "--types", types);
    value(arguments, "--patterns", patterns);
    value(arguments, "--shapes", shapes);
    value(arguments, "--tokens", tokens);
    value(arguments, "--sparsities", sparsities);
    value(arguments, "--threads", threads);
    value(arguments, "--design", design);
    value(arguments, "--level", level);
    return arguments;
  }

  private static void flag(List<String> arguments, String name, boolean set) {
    if (set) {
      arguments.add(name);
    }
  }

  private static void value(List<String> arguments, String name, @Nullable String value) {
    if (value != null) {
      arguments.add(name);
      arguments.add(value);
    }
  }
}
