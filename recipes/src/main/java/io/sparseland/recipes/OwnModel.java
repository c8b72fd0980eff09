// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import ai.djl.nn.Block;
import io.sparseland.models.files.OpenModel;
import io.sparseland.recipes.data.DataFolders;
import java.util.function.Supplier;

/**
 * A user's own block: a public class with a public constructor without parameters, that is a {@code
 * Supplier<Block>}.
 *
 * @param name full name of the class
 */
record OwnModel(String name) implements ModelSource {

  @Override
  public OpenModel open(DataFolders folders, ClassLoader classes) {
    return () -> block(classes);
  }

  private Block block(ClassLoader classes) {
    Object made;
    try {
      Class<?> type = Class.forName(name, true, classes);
      if (!Supplier.class.isAssignableFrom(type)) {
        throw new IllegalArgumentException("class '" + name + "' is no Supplier<Block>");
      }
      made = ((Supplier<?>) type.getDeclaredConstructor().newInstance()).get();
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException(
          "there is no class '" + name + "'; give its jar with --classpath", e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(
          "class '" + name + "' cannot be made: it needs a public constructor without parameters",
          e);
    }
    if (made instanceof Block block) {
      return block;
    }
    throw new IllegalArgumentException("class '" + name + "' supplied no Block but " + made);
  }
}
