// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import java.io.PrintStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * {@code sparseland}: results go to standard output, everything else to standard error.
 *
 * <p>Exit codes: 0 done, 1 a bug in us, 2 usage or recipe, 3 bad data or model, NaN, 4 {@code
 * expect} not met, 5 out of memory, disk or time, 130 interrupted.
 */
@Command(
    name = "sparseland",
    description = "Makes DJL models sparse and runs them fast.",
    mixinStandardHelpOptions = true,
    versionProvider = Versions.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      RunCommand.class,
      SweepCommand.class,
      PlanCommand.class,
      CheckCommand.class,
      InspectCommand.class,
      ExportCommand.class,
      BenchCommand.class,
      ProfileCommand.class,
      DoctorCommand.class,
      CompletionCommand.class,
      HelpCommand.class
    })
public final class Main implements Runnable {

  private final Console console;

  @Option(
      names = "--json",
      scope = ScopeType.INHERIT,
      description = "One JSON document on standard output.")
  private boolean json;

  @Option(names = "--quiet", scope = ScopeType.INHERIT, description = "No progress.")
  private boolean quiet;

  @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Log what happens.")
  private boolean verbose;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Show where an error came from.")
  private boolean stacktrace;

  private Main(Console console) {
    this.console = console;
  }

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) {
    Interrupts interrupts = Interrupts.install();
    int code = run(args, System.out, System.err, interrupts);
    interrupts.done();
    System.exit(code);
  }

  /** Runs a command and returns its exit code; for tests and embedding. */
  public static int run(String[] args, PrintStream out, PrintStream err) {
    return run(args, out, err, Interrupts.never());
  }

  static int run(String[] args, PrintStream out, PrintStream err, Interrupts interrupts) {
    Main main = new Main(new Console(out, err, interrupts));
    CommandLine line = new CommandLine(main);
    line.setOut(new java.io.PrintWriter(out, true, java.nio.charset.StandardCharsets.UTF_8));
    line.setErr(new java.io.PrintWriter(err, true, java.nio.charset.StandardCharsets.UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    explainThemselves(line);
    line.setExecutionStrategy(
        parsed -> {
          main.console.set(main.json, main.quiet, main.verbose);
          if (main.verbose) {
            System.setProperty("sparseland.log", "debug"); // read by log4j2.xml
          }
          return new CommandLine.RunLast().execute(parsed);
        });
    line.setExecutionExceptionHandler(
        (e, commandLine, parsed) -> Errors.report(e, err, main.stacktrace));
    try {
      return line.execute(args);
    } catch (OutOfMemoryError e) {
      return Errors.report(e, err, main.stacktrace);
    }
  }

  // An inherited --help would be the help command's too, which has one already.
  private static void explainThemselves(CommandLine line) {
    for (CommandLine command : line.getSubcommands().values()) {
      if (!(command.getCommand() instanceof HelpCommand)) {
        command.getCommandSpec().mixinStandardHelpOptions(true).versionProvider(new Versions());
        explainThemselves(command);
      }
    }
  }

  Console console() {
    return console;
  }

  @Override
  public void run() {
    console.result(new CommandLine(this).getUsageMessage().stripTrailing());
  }
}
