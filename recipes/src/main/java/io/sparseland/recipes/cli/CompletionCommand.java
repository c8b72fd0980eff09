// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code sparseland completion}. */
@Command(
    name = "completion",
    description = "Prints a completion script: source <(sparseland completion)")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class CompletionCommand implements Callable<Integer> {

  @ParentCommand private Main main;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    main.console().result(AutoComplete.bash("sparseland", spec.root().commandLine()));
    return 0;
  }
}
