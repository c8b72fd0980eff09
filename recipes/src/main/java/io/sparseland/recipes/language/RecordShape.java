// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import io.sparseland.recipes.language.Catalogue.Inline;
import io.sparseland.recipes.language.Node.Form;
import io.sparseland.recipes.language.Node.Scalar;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What reflection says about records and plain values. */
final class RecordShape {

  private RecordShape() {}

  /** Every key that the mapping of a record may hold. */
  static Set<String> keys(Catalogue catalogue, Class<? extends Record> type) {
    Set<String> keys = new LinkedHashSet<>();
    for (RecordComponent component : type.getRecordComponents()) {
      Inline inline = catalogue.inlineOf(component.getType());
      if (inline != null) {
        keys.addAll(keys(catalogue, inline.settings()));
      } else if (component.isAnnotationPresent(Choice.class)) {
        keys.addAll(catalogue.kinds(family(component.getGenericType())).keySet());
      } else {
        keys.add(Words.key(component.getName()));
      }
    }
    return keys;
  }

  /** The family behind {@code T} or {@code Applied<T, C>}. */
  static Class<?> family(Type type) {
    return type instanceof ParameterizedType applied
        ? (Class<?>) applied.getActualTypeArguments()[0]
        : (Class<?>) type;
  }

  /** Whether a single value may stand for a setting of that type. */
  static boolean takes(RecordComponent component, Node node) {
    Class<?> type = component.getType();
    if (component.isAnnotationPresent(Choice.class)) {
      return false;
    }
    if (node instanceof Node.Items) {
      return type == List.class;
    }
    return type.isPrimitive() || type == String.class || type == Length.class || type.isEnum();
  }

  /** Whether the record is nothing but a map, whose keys then stand for themselves. */
  static boolean isMap(Class<? extends Record> type) {
    RecordComponent[] components = type.getRecordComponents();
    return components.length == 1 && components[0].getType() == Map.class;
  }

  /** Whether a word alone names a kind that the record leaves open. */
  static boolean isChoice(Catalogue catalogue, Class<? extends Record> type, String word) {
    return Arrays.stream(type.getRecordComponents())
        .filter(c -> c.isAnnotationPresent(Choice.class))
        .anyMatch(c -> catalogue.kinds(family(c.getGenericType())).containsKey(word));
  }

  /** Calls the canonical constructor. */
  static Object construct(Class<? extends Record> type, @Nullable Object[] values) {
    Class<?>[] types =
        Arrays.stream(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException refused) {
        throw refused;
      }
      throw new IllegalStateException("cannot make " + type.getName(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make " + type.getName(), e);
    }
  }

  /** What a message says that a type needs. */
  static String wanted(Class<?> type, AnnotatedElement marks) {
    if (type == int.class || type == Integer.class || type == long.class) {
      return "a whole number";
    }
    if (type == double.class || type == Double.class) {
      return marks.isAnnotationPresent(Fraction.class) ? "a fraction from 0 to 1" : "a number";
    }
    if (type == boolean.class) {
      return "true or false";
    }
    if (type.isEnum()) {
      return "one of " + String.join(", ", names(type));
    }
    return "a text";
  }

  /** The value of a scalar, or null if it is not of that type. */
  static @Nullable Object parse(Class<?> type, AnnotatedElement marks, Scalar scalar) {
    String text = scalar.text().strip();
    if (type == String.class) {
      return scalar.form() == Form.NULL ? null : scalar.text();
    }
    if (type == boolean.class) {
      boolean plain = scalar.form() == Form.BOOLEAN && text.matches("true|false");
      return plain ? Boolean.valueOf(text) : null;
    }
    if (type.isEnum()) {
      List<String> names = names(type);
      return names.contains(text) ? type.getEnumConstants()[names.indexOf(text)] : null;
    }
    if (scalar.form() != Form.NUMBER) {
      return null;
    }
    try {
      if (type == int.class || type == Integer.class) {
        return Integer.valueOf(text);
      }
      if (type == long.class) {
        return Long.valueOf(text);
      }
      if (type == double.class || type == Double.class) {
        double value = Double.parseDouble(text);
        boolean fraction = marks.isAnnotationPresent(Fraction.class);
        boolean allowed = Double.isFinite(value) && (!fraction || (value >= 0 && value <= 1));
        return allowed ? value : null;
      }
    } catch (NumberFormatException e) {
      return null;
    }
    throw new IllegalStateException("no rule for " + type);
  }

  private static List<String> names(Class<?> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(c -> ((Enum<?>) c).name().toLowerCase(Locale.ROOT))
        .toList();
  }
}
