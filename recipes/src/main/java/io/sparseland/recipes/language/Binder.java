// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import io.sparseland.recipes.language.Catalogue.Inline;
import io.sparseland.recipes.language.Catalogue.Kind;
import io.sparseland.recipes.language.Defaults.Shown;
import io.sparseland.recipes.language.Node.Field;
import io.sparseland.recipes.language.Node.Fields;
import io.sparseland.recipes.language.Node.Form;
import io.sparseland.recipes.language.Node.Items;
import io.sparseland.recipes.language.Node.Scalar;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Binds a tree of nodes onto records, by their component names, types and annotations.
 *
 * <p>Mistakes are collected, not thrown: what cannot be bound becomes {@code null}, and no record
 * is made with a missing part. Defaults that were filled in are remembered for {@link #resolved}.
 */
public final class Binder {

  private final Catalogue catalogue;
  private final Mistakes mistakes;
  private final Leaves leaves;
  private final Defaults defaults = new Defaults();
  private final ResolvedTree tree = new ResolvedTree();

  /** A binder that notes what is wrong in {@code mistakes}. */
  public Binder(Catalogue catalogue, Mistakes mistakes) {
    this(catalogue, mistakes, Clock.unknown());
  }

  private Binder(Catalogue catalogue, Mistakes mistakes, Clock clock) {
    this.catalogue = catalogue;
    this.mistakes = mistakes;
    this.leaves = new Leaves(mistakes, clock);
  }

  /** The record, or null if there is a mistake anywhere in it. */
  public <R extends Record> @Nullable R bind(Class<R> type, Node node, String owner) {
    return type.cast(record(type, node, new Shown(owner, Map.of())));
  }

  /** The tree with every default that was filled in. */
  public Node resolved(Node node) {
    return tree.of(node);
  }

  private @Nullable Object record(Class<? extends Record> type, Node node, Shown shown) {
    Fields fields = mapping(type, node, shown);
    if (fields == null) {
      return null;
    }
    unknownKeys(fields, RecordShape.keys(catalogue, type), shown.owner());
    return construct(type, fields, shown);
  }

  /** A single value where a mapping is due stands for the first setting. */
  private @Nullable Fields mapping(Class<? extends Record> type, Node node, Shown shown) {
    if (node instanceof Fields fields) {
      return RecordShape.isMap(type) ? wrapped(type, node) : fields;
    }
    List<Field> made = new ArrayList<>();
    boolean nothing = node instanceof Scalar empty && empty.form() == Form.NULL;
    RecordComponent[] components = type.getRecordComponents();
    if (node instanceof Scalar word && RecordShape.isChoice(catalogue, type, word.text())) {
      made.add(new Field(node.place(), word.text(), new Scalar(node.place(), Form.NULL, "")));
    } else if (!nothing && components.length > 0 && RecordShape.takes(components[0], node)) {
      return wrapped(type, node);
    } else if (!nothing) {
      mistakes.add(
          node.place(),
          "'" + shown.owner() + "' needs a mapping, found " + node.describe(),
          "keys: " + String.join(", ", new TreeSet<>(RecordShape.keys(catalogue, type))));
      return null;
    }
    Fields fields = new Fields(node.place(), List.copyOf(made));
    tree.replace(node, fields);
    return fields;
  }

  private Fields wrapped(Class<? extends Record> type, Node node) {
    String key = Words.key(type.getRecordComponents()[0].getName());
    Fields fields =
        new Fields(node.place(), List.of(new Field(node.place(), key, Node.copy(node))));
    tree.replace(node, fields);
    return fields;
  }

  private void unknownKeys(Fields fields, Set<String> allowed, String owner) {
    for (Field field : fields.fields()) {
      if (!allowed.contains(field.key())) {
        mistakes.add(
            field.place(),
            "unknown key '" + Words.shorten(field.key()) + "' in '" + owner + "'",
            allowed.isEmpty()
                ? "'" + owner + "' has no settings"
                : Words.hint(field.key(), allowed));
      }
    }
  }

  private @Nullable Object construct(Class<? extends Record> type, Fields fields, Shown shown) {
    int before = mistakes.count();
    boolean outer = leaves.startTiming();
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    defaults.enter(fields, shown);
    for (int i = 0; i < components.length; i++) {
      values[i] = component(components[i], fields, shown);
    }
    defaults.leave();
    Object made = null;
    if (mistakes.count() == before && Arrays.stream(values).noneMatch(v -> v == null)) {
      made = leaves.guarded(() -> RecordShape.construct(type, values), fields, fields.place());
    }
    leaves.endTiming(outer);
    return made;
  }

  private @Nullable Object component(RecordComponent component, Fields fields, Shown shown) {
    Type type = component.getGenericType();
    Inline inline = catalogue.inlineOf(component.getType());
    if (inline != null) {
      Object settings = construct(inline.settings(), fields, shown);
      return settings == null
          ? null
          : leaves.guarded(() -> inline.make().apply(settings), fields, fields.place());
    }
    if (component.isAnnotationPresent(Choice.class)) {
      return choice(type, fields, shown);
    }
    String key = Words.key(component.getName());
    Optional<Field> given = fields.field(key);
    if (given.isPresent()) {
      Node node = given.get().value();
      if (type instanceof ParameterizedType p && p.getRawType() == Optional.class) {
        Object inner = value(p.getActualTypeArguments()[0], component, node, key);
        return inner == null ? null : Optional.of(inner);
      }
      return value(type, component, node, key);
    }
    if (component.getType() == Optional.class) {
      return Optional.empty();
    }
    Node standard = defaults.of(component, key, shown);
    if (standard == null) {
      mistakes.add(fields.place(), "'" + shown.owner() + "' needs the key '" + key + "'");
      return null;
    }
    tree.fill(fields, new Field(fields.place(), key, standard));
    return value(type, component, standard, key);
  }

  private @Nullable Object value(Type type, AnnotatedElement marks, Node node, String key) {
    if (type instanceof ParameterizedType generic) {
      Type argument = generic.getActualTypeArguments()[0];
      if (generic.getRawType() == List.class) {
        return list(argument, marks, node, key);
      }
      if (generic.getRawType() == Map.class) {
        return map(generic.getActualTypeArguments()[1], marks, node, key);
      }
      if (generic.getRawType() == Deferred.class) {
        return deferred(argument, marks, node, key);
      }
      if (generic.getRawType() == Applied.class) {
        return kind(type, node, key);
      }
    }
    if (!(type instanceof Class<?> raw)) {
      throw new IllegalStateException("no rule for " + type);
    }
    if (catalogue.isFamily(raw)) {
      return kind(raw, node, key);
    }
    Function<String, ?> text = catalogue.textOf(raw);
    if (text != null) {
      return node instanceof Scalar scalar && scalar.form() != Form.NULL
          ? leaves.guarded(() -> text.apply(scalar.text()), null, node.place())
          : leaves.wrong(node, key, "a text");
    }
    if (raw.isRecord() && raw != Length.class) {
      return record(raw.asSubclass(Record.class), node, new Shown(key, Map.of()));
    }
    return leaves.scalar(raw, marks, node, key);
  }

  private @Nullable Object list(Type item, AnnotatedElement marks, Node node, String key) {
    if (!(node instanceof Items items)) {
      if (item instanceof Class<?> family && catalogue.isFamily(family)) {
        Object only = value(item, marks, node, key); // one kind may stand without brackets
        return only == null ? null : List.of(only);
      }
      return leaves.wrong(node, key, "a list");
    }
    List<Object> values = new ArrayList<>();
    boolean whole = true;
    for (Node n : items.items()) {
      Object value = value(item, marks, n, key);
      if (value == null) {
        whole = false;
      } else {
        values.add(value);
      }
    }
    return whole ? List.copyOf(values) : null;
  }

  private @Nullable Object map(Type item, AnnotatedElement marks, Node node, String key) {
    if (!(node instanceof Fields fields)) {
      return leaves.wrong(node, key, "a mapping");
    }
    Map<String, Object> values = new LinkedHashMap<>();
    for (Field field : fields.fields()) {
      Object value = value(item, marks, field.value(), field.key());
      if (value != null) {
        values.put(field.key(), value);
      }
    }
    return values.size() == fields.fields().size() ? values : null;
  }

  private Object deferred(Type type, AnnotatedElement marks, Node node, String key) {
    value(type, marks, node, key); // the mistakes that do not depend on time
    return new Deferred<>(
        (known, found) -> new Binder(catalogue, found, known).value(type, marks, node, key));
  }

  /** {@code erk}, {@code {fixed: {...}}}: the word of a family and its settings. */
  private @Nullable Object kind(Type type, Node node, String key) {
    Map<String, Kind> kinds = catalogue.kinds(RecordShape.family(type));
    if (node instanceof Scalar scalar && scalar.form() == Form.TEXT) {
      Kind kind = kinds.get(scalar.text());
      if (kind == null) {
        mistakes.add(
            node.place(),
            "unknown '" + key + "': '" + Words.shorten(scalar.text()) + "'",
            Words.hint(scalar.text(), kinds.keySet()));
        return null;
      }
      Node none = new Fields(node.place(), List.of());
      tree.replace(
          node, new Fields(node.place(), List.of(new Field(node.place(), kind.name(), none))));
      return kind(type, kind, node.place(), none);
    }
    if (!(node instanceof Fields fields)) {
      return leaves.wrong(node, key, "one of " + String.join(", ", kinds.keySet()));
    }
    unknownKeys(fields, kinds.keySet(), key);
    return choice(type, fields, new Shown(key, Map.of()));
  }

  /** The one key of {@code fields} that names a kind. */
  private @Nullable Object choice(Type type, Fields fields, Shown shown) {
    Map<String, Kind> kinds = catalogue.kinds(RecordShape.family(type));
    List<Field> named = fields.fields().stream().filter(f -> kinds.containsKey(f.key())).toList();
    if (named.size() == 1) {
      Kind kind = kinds.get(named.get(0).key());
      return kind == null ? null : kind(type, kind, named.get(0).place(), named.get(0).value());
    }
    if (named.size() > 1) {
      mistakes.add(
          named.get(1).place(),
          "'"
              + named.get(0).key()
              + "' and '"
              + named.get(1).key()
              + "' in one '"
              + shown.owner()
              + "'",
          "keep one of them");
    } else if (fields.fields().stream().noneMatch(f -> mistakes.isAt(f.place()))) {
      mistakes.add(
          fields.place(),
          "'"
              + shown.owner()
              + "' needs one of: "
              + String.join(", ", new TreeSet<>(kinds.keySet())));
    }
    return null;
  }

  private @Nullable Object kind(Type type, Kind kind, Place place, Node settings) {
    Shown shown = new Shown(kind.name(), Defaults.of(kind));
    if (!(type instanceof ParameterizedType applied)) {
      Object bound = record(kind.settings(), settings, shown);
      return bound == null ? null : leaves.guarded(() -> kind.make().apply(bound), null, place);
    }
    Class<? extends Record> common =
        ((Class<?>) applied.getActualTypeArguments()[1]).asSubclass(Record.class);
    Fields fields = mapping(kind.settings(), settings, shown);
    if (fields == null) {
      return null;
    }
    Set<String> keys = new TreeSet<>(RecordShape.keys(catalogue, kind.settings()));
    keys.addAll(RecordShape.keys(catalogue, common));
    unknownKeys(fields, keys, kind.name());
    Object own = construct(kind.settings(), fields, shown);
    Object shared = construct(common, fields, shown);
    if (own == null || shared == null) {
      return null;
    }
    Object made = leaves.guarded(() -> kind.make().apply(own), fields, place);
    return made == null ? null : new Applied<>(kind.name(), place, made, shared);
  }
}
