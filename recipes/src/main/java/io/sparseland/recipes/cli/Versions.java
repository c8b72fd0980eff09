// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
final class Versions implements IVersionProvider {

  @Override
  public String[] getVersion() {
    return new String[] {"sparseland " + sparseland()};
  }

  /** The version of this build. */
  static String sparseland() {
    return Optional.ofNullable(Versions.class.getPackage().getImplementationVersion())
        .orElse("development");
  }
}
