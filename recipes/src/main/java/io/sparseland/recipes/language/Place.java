// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

/**
 * Where something stands in a recipe.
 *
 * @param source the file as the user named it, or the {@code --set} argument
 * @param line from 1; 0 where the source is not a file
 * @param column from 1
 */
public record Place(String source, int line, int column) {

  /** The whole of a source without lines, such as a command-line argument. */
  public static Place of(String source) {
    return new Place(source, 0, 0);
  }

  @Override
  public String toString() {
    return line == 0 ? source : source + ":" + line + ":" + column;
  }
}
