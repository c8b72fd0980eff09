// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.cli;

import io.sparseland.recipes.Failure;
import io.sparseland.recipes.data.DataFolders;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where data and a user's own classes lie. */
final class SavedOptions {

  @Option(names = "--data", paramLabel = "DIR", description = "Where data sets lie.")
  private @Nullable Path data;

  @Option(names = "--allow-download", description = "Download a data set that is nowhere here.")
  private boolean download;

  @Option(
      names = "--classpath",
      paramLabel = "JARS",
      split = "[:;]",
      description = "Jars or folders with your own model class.")
  private List<Path> classpath = new ArrayList<>();

  DataFolders folders(Path recipe) {
    if (data != null && !Files.isDirectory(data)) {
      throw new Failure(Failure.USAGE, "--data " + data + " is no folder");
    }
    if (download) {
      System.setProperty("ai.djl.offline", "false");
    }
    return DataFolders.of(Optional.ofNullable(data), Optional.of(recipe), download);
  }

  ClassLoader classes() {
    ClassLoader own = SavedOptions.class.getClassLoader();
    if (classpath.isEmpty()) {
      return own;
    }
    URL[] urls = classpath.stream().map(SavedOptions::url).toArray(URL[]::new);
    return new URLClassLoader(urls, own);
  }

  /** The same options as arguments. */
  List<String> arguments() {
    List<String> arguments = new ArrayList<>();
    if (data != null) {
      arguments.addAll(List.of("--data", data.toString()));
    }
    if (download) {
      arguments.add("--allow-download");
    }
    classpath.forEach(path -> arguments.addAll(List.of("--classpath", path.toString())));
    return arguments;
  }

  private static URL url(Path path) {
    if (!Files.exists(path)) {
      throw new Failure(Failure.USAGE, "--classpath " + path + " does not exist");
    }
    try {
      return path.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalStateException(e); // a file's URI is a URL
    }
  }
}
