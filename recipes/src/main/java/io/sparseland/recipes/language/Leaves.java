// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import io.sparseland.recipes.language.Node.Field;
import io.sparseland.recipes.language.Node.Fields;
import io.sparseland.recipes.language.Node.Scalar;
import java.lang.reflect.AnnotatedElement;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Binds single values, times among them, and turns what constructors refuse into mistakes. */
final class Leaves {

  private final Mistakes mistakes;
  private final Clock clock;
  private boolean timed;

  Leaves(Mistakes mistakes, Clock clock) {
    this.mistakes = mistakes;
    this.clock = clock;
  }

  /** Begins a mapping; gives what {@link #endTiming} wants back. */
  boolean startTiming() {
    boolean outer = timed;
    timed = false;
    return outer;
  }

  /** Ends a mapping: one around it holds times if this one does. */
  void endTiming(boolean outer) {
    timed |= outer;
  }

  /** Runs a constructor or parser; what it refuses is a mistake at the key that it names. */
  @Nullable Object guarded(Making making, @Nullable Fields fields, Place place) {
    try {
      return making.make();
    } catch (IllegalArgumentException e) {
      if (timed && !clock.known()) {
        return null; // times are judged once the length of the training is known
      }
      String message = e.getMessage() == null ? e.toString() : e.getMessage();
      Place at = place;
      for (Field field : fields == null ? List.<Field>of() : fields.fields()) {
        if (message.matches("(?s).*\\b" + Pattern.quote(field.key()) + "\\b.*")) {
          at = field.value().place();
          break;
        }
      }
      mistakes.add(at, message);
      return null;
    }
  }

  /** A constructor or parser. */
  interface Making {
    Object make();
  }

  /** The value of a leaf of that type, or null and a mistake. */
  @Nullable Object scalar(Class<?> type, AnnotatedElement marks, Node node, String key) {
    String wanted = RecordShape.wanted(type, marks);
    if (!(node instanceof Scalar scalar)) {
      return wrong(node, key, wanted);
    }
    boolean steps = type == long.class || type == Long.class;
    if (type == Length.class || (steps && !marks.isAnnotationPresent(Whole.class))) {
      return time(type, scalar, key);
    }
    Object value = RecordShape.parse(type, marks, scalar);
    return value == null ? wrong(node, key, wanted) : value;
  }

  private @Nullable Object time(Class<?> type, Scalar scalar, String key) {
    try {
      Length length = Length.parse(scalar.text());
      if (type == Length.class) {
        return length;
      }
      timed = true;
      return clock.steps(length);
    } catch (IllegalArgumentException e) {
      mistakes.add(
          scalar.place(), "'" + key + "': " + e.getMessage() + ", found " + scalar.describe());
      return null;
    }
  }

  /** Notes that something else is needed here. */
  @Nullable Object wrong(Node node, String key, String wanted) {
    mistakes.add(node.place(), "'" + key + "' needs " + wanted + ", found " + node.describe());
    return null;
  }
}
