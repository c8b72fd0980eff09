// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.index.dim.NDIndexAll;
import ai.djl.ndarray.index.dim.NDIndexBooleans;
import ai.djl.ndarray.index.dim.NDIndexElement;
import ai.djl.ndarray.index.dim.NDIndexFixed;
import ai.djl.ndarray.index.dim.NDIndexNull;
import ai.djl.ndarray.index.dim.NDIndexPick;
import ai.djl.ndarray.index.dim.NDIndexSlice;
import ai.djl.ndarray.index.dim.NDIndexTake;
import io.sparseland.core.graph.Argument.IndexItem;
import io.sparseland.core.graph.Argument.IndexItem.Kind;
import io.sparseland.core.graph.Argument.Literal;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** {@link NDIndex} taken apart and put together again. */
final class Indices {

  private static final Method GET = method("get", NDIndex.class);

  private Indices() {}

  /** Turns the textual form {@code get("1:{}", n)} into {@code get(NDIndex)}, so sizes are seen. */
  static Interception.Call normalise(Interception.Call call) {
    List<@Nullable Object> args = call.args();
    if (call.method().getName().equals("get")
        && args.size() == 2
        && args.get(0) instanceof String text
        && args.get(1) instanceof Object[] values) {
      return new Interception.Call(
          GET, call.target(), call.self(), List.of(new NDIndex(text, values)));
    }
    return call;
  }

  /** The same index with its arrays exchanged; the index itself when it holds none. */
  static NDIndex map(NDIndex index, Function<NDArray, NDArray> change) {
    if (index.stream().noneMatch(e -> arrayOf(e) != null)) {
      return index;
    }
    return build(
        items(index, a -> new Literal(change.apply(a))),
        part -> part instanceof Literal literal ? literal.value() : null);
  }

  /** The items of an index; {@code reference} names its arrays. */
  static List<IndexItem> items(NDIndex index, Function<NDArray, Argument> reference) {
    List<IndexItem> items = new ArrayList<>();
    for (NDIndexElement element : index.getIndices()) {
      if (items.size() == index.getEllipsisIndex()) {
        items.add(new IndexItem(Kind.ELLIPSIS, List.of()));
      }
      items.add(item(element, reference));
    }
    if (items.size() == index.getEllipsisIndex()) {
      items.add(new IndexItem(Kind.ELLIPSIS, List.of()));
    }
    return items;
  }

  /** The index of items; {@code value} gives each part's array or number. */
  static NDIndex build(List<IndexItem> items, Function<Argument, @Nullable Object> value) {
    if (items.stream().anyMatch(i -> i.kind() == Kind.PICK)) {
      return buildPicks(items, value);
    }
    StringJoiner text = new StringJoiner(","); // in one go: DJL counts the rank per call
    List<@Nullable Object> arrays = new ArrayList<>();
    for (IndexItem item : items) {
      text.add(text(item, value));
      if (item.kind() == Kind.TAKE || item.kind() == Kind.BOOLEANS) {
        arrays.add(value.apply(item.parts().get(0)));
      }
    }
    return items.isEmpty() ? new NDIndex() : new NDIndex(text.toString(), arrays.toArray());
  }

  private static NDIndex buildPicks(
      List<IndexItem> items, Function<Argument, @Nullable Object> value) {
    NDIndex index = new NDIndex();
    for (IndexItem item : items) {
      switch (item.kind()) {
        case PICK -> index.addPickDim(array(value, item));
        case TAKE, BOOLEANS -> index.addIndices("{}", array(value, item));
        case ELLIPSIS ->
            throw new TraceException("an index with an ellipsis and a pick cannot be recorded");
        default -> index.addIndices(text(item, value));
      }
    }
    return index;
  }

  private static String text(IndexItem item, Function<Argument, @Nullable Object> value) {
    return switch (item.kind()) {
      case ALL -> ":";
      case NEW_AXIS -> "null";
      case ELLIPSIS -> "...";
      case FIXED -> String.valueOf(value.apply(item.parts().get(0)));
      case SLICE -> {
        Object step = value.apply(item.parts().get(2));
        yield part(value.apply(item.parts().get(0)))
            + ":"
            + part(value.apply(item.parts().get(1)))
            + (step == null ? "" : ":" + step);
      }
      case TAKE, PICK, BOOLEANS -> "{}";
    };
  }

  private static String part(@Nullable Object number) {
    return number == null ? "" : number.toString();
  }

  private static NDArray array(Function<Argument, @Nullable Object> value, IndexItem item) {
    if (value.apply(item.parts().get(0)) instanceof NDArray array) {
      return array;
    }
    throw new IllegalStateException("index item without array: " + item);
  }

  private static IndexItem item(NDIndexElement element, Function<NDArray, Argument> reference) {
    NDArray array = arrayOf(element);
    if (array != null) {
      Kind kind =
          element instanceof NDIndexTake
              ? Kind.TAKE
              : element instanceof NDIndexPick ? Kind.PICK : Kind.BOOLEANS;
      return new IndexItem(kind, List.of(reference.apply(array)));
    }
    if (element instanceof NDIndexAll) {
      return new IndexItem(Kind.ALL, List.of());
    }
    if (element instanceof NDIndexNull) {
      return new IndexItem(Kind.NEW_AXIS, List.of());
    }
    if (element instanceof NDIndexFixed fixed) {
      return new IndexItem(Kind.FIXED, List.of(new Literal(fixed.getIndex())));
    }
    if (element instanceof NDIndexSlice slice) {
      return new IndexItem(
          Kind.SLICE,
          List.of(
              new Literal(slice.getMin()),
              new Literal(slice.getMax()),
              new Literal(slice.getStep())));
    }
    throw new TraceException("index element " + element.getClass().getSimpleName() + " is unknown");
  }

  private static @Nullable NDArray arrayOf(NDIndexElement element) {
    if (element instanceof NDIndexTake take) {
      return take.getIndex();
    }
    if (element instanceof NDIndexPick pick) {
      return pick.getIndex();
    }
    return element instanceof NDIndexBooleans booleans ? booleans.getIndex() : null;
  }

  private static Method method(String name, Class<?>... types) {
    try {
      return NDArray.class.getMethod(name, types);
    } catch (NoSuchMethodException e) {
      throw new LinkageError("NDArray has no method " + name, e);
    }
  }
}
