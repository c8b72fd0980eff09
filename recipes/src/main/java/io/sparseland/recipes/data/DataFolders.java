// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where data is looked for, first to last.
 *
 * @param chosen the folder of {@code --data}
 * @param folders the others; they may not exist
 * @param download whether a data set that is nowhere may be downloaded
 */
public record DataFolders(Optional<Path> chosen, List<Path> folders, boolean download) {

  /** Keeps a copy. */
  public DataFolders {
    folders = List.copyOf(folders);
  }

  /** Real models and data beside a checkout of the project. */
  private static final String STAGED = "../shared/data";

  /**
   * The folders of a run: {@code --data DIR}, {@code $SPARSELAND_DATA}, the recipe's own folder and
   * its {@code data}, the examples that ship with the project, and {@value #STAGED} beside it.
   */
  public static DataFolders of(Optional<Path> chosen, Optional<Path> recipe, boolean download) {
    List<Path> folders = new ArrayList<>();
    Optional.ofNullable(System.getenv("SPARSELAND_DATA"))
        .filter(s -> !s.isEmpty())
        .ifPresent(s -> folders.add(Path.of(s)));
    Path beside = recipe.map(r -> r.toAbsolutePath().getParent()).orElse(Path.of(""));
    folders.add(beside);
    folders.add(beside.resolve("data"));
    Optional.ofNullable(System.getProperty("sparseland.home"))
        .ifPresent(
            home -> {
              folders.add(Path.of(home, "examples", "data"));
              folders.add(Path.of(home).resolve(STAGED).normalize());
            });
    return new DataFolders(chosen, folders, download);
  }

  /**
   * The first existing file or folder of that path, in any of the folders.
   *
   * @throws NoSuchFileException naming the folders that were searched
   */
  public Path find(String path) throws NoSuchFileException {
    if (Path.of(path).isAbsolute()) {
      return Path.of(path);
    }
    return existing(path).orElseThrow(() -> new NoSuchFileException(path + " in " + searched()));
  }

  /** The same, or nothing. */
  Optional<Path> existing(String path) {
    return all().map(f -> f.resolve(path)).filter(Files::exists).findFirst(); // or it is absolute
  }

  /**
   * The first subfolder {@code name}, or the chosen folder itself, that holds {@code file}, zipped
   * or not. Other folders must have the subfolder: the files of different sets have the same names.
   */
  Optional<Path> holding(String name, String file) {
    return Stream.concat(all().map(f -> f.resolve(name)), chosen.stream())
        .filter(
            f ->
                Files.isRegularFile(f.resolve(file))
                    || Files.isRegularFile(f.resolve(file + ".gz")))
        .findFirst();
  }

  private Stream<Path> all() {
    return Stream.concat(chosen.stream(), folders.stream());
  }

  String searched() {
    return all()
        .map(Path::toString)
        .map(s -> s.isEmpty() ? "." : s)
        .collect(Collectors.joining(", "));
  }
}
