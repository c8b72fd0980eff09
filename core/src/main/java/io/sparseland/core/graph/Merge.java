// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import io.sparseland.core.graph.Argument.Constant;
import io.sparseland.core.graph.Argument.Index;
import io.sparseland.core.graph.Argument.IndexItem;
import io.sparseland.core.graph.Argument.ListOf;
import io.sparseland.core.graph.Argument.ParameterRef;
import io.sparseland.core.graph.Argument.Result;
import io.sparseland.core.graph.RawOperation.Trace;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Traces of one block at several sizes, made one: what differs becomes a symbolic size. */
final class Merge {

  private final SamplePoints points;
  private final MergedSizes sizes;
  private final Names names;
  private final List<Trace> traces;
  private final List<Operation> operations = new ArrayList<>();
  private final Map<Integer, Reference[]> moved = new HashMap<>(); // results of raw operations

  private Merge(SamplePoints points, Names names, List<Trace> traces) {
    this.points = points;
    this.sizes = new MergedSizes(points);
    this.names = names;
    this.traces = traces;
  }

  /**
   * Merges.
   *
   * @param traces one for each point
   * @param also a further trace of equal operations whose made values must agree to be constants
   * @throws TraceException naming the operation that differs
   */
  static Graph.Body of(SamplePoints points, Names names, List<Trace> traces, @Nullable Trace also) {
    return new Merge(points, names, traces).run(also);
  }

  private Graph.Body run(@Nullable Trace also) {
    Trace base = traces.get(0);
    boolean fold = !base.mutates();
    for (int i = 0; i < base.operations().size(); i++) {
      int id = i;
      for (int p = 1; p < traces.size(); p++) {
        checkSame(i, p);
      }
      List<RawOperation> same = traces.stream().map(t -> t.operations().get(id)).toList();
      RawOperation further = also == null ? null : also.operations().get(i);
      if (fold && isConstant(same, further)) {
        moved.put(i, same.get(0).values().stream().map(Constant::new).toArray(Reference[]::new));
      } else {
        add(i, same);
      }
    }
    int count = base.operations().size();
    for (int p = 1; p < traces.size(); p++) {
      if (traces.get(p).operations().size() != count) {
        throw new TraceException(
            "the block runs %d operations at %s and %d at %s; the first that is missing is '%s' in %s"
                .formatted(
                    count,
                    points.points().get(0),
                    traces.get(p).operations().size(),
                    points.points().get(p),
                    traces.get(p).operations().get(count).method().getName(),
                    traces.get(p).operations().get(count).site()));
      }
    }
    List<Reference> outputs = new ArrayList<>();
    for (int o = 0; o < base.outputs().size(); o++) {
      int output = o;
      List<Argument> same = traces.stream().map(t -> (Argument) t.outputs().get(output)).toList();
      outputs.add((Reference) merge(same, "output " + o));
    }
    return new Graph.Body(List.copyOf(operations), List.copyOf(outputs));
  }

  private void checkSame(int i, int p) {
    RawOperation first = traces.get(0).operations().get(i);
    List<RawOperation> others = traces.get(p).operations();
    RawOperation other = i < others.size() ? others.get(i) : null;
    if (other == null
        || !other.method().equals(first.method())
        || other.arguments().size() != first.arguments().size()
        || other.results().size() != first.results().size()) {
      throw new TraceException(
          "operation %d is '%s' in %s at sizes %s, but %s at %s: the block chooses its operations by size"
              .formatted(
                  i,
                  first.method().getName(),
                  first.site(),
                  points.points().get(0),
                  other == null
                      ? "is missing"
                      : "'" + other.method().getName() + "' in " + other.site(),
                  points.points().get(p)));
    }
  }

  /** Made by a manager from the same numbers with the same values at all sizes, and not drawn. */
  private static boolean isConstant(List<RawOperation> same, @Nullable RawOperation further) {
    RawOperation first = same.get(0);
    String name = first.method().getName();
    return !first.values().isEmpty()
        && !name.startsWith("random")
        && !name.startsWith("sample")
        && !name.startsWith("truncated")
        && same.stream().allMatch(o -> o.values().equals(first.values()))
        && (further == null || further.values().equals(first.values()));
  }

  private void add(int raw, List<RawOperation> same) {
    RawOperation first = same.get(0);
    String where =
        "operation %d, '%s' in %s".formatted(raw, first.method().getName(), first.site());
    Argument target = merge(each(same, RawOperation::target), where + ", target");
    List<Argument> arguments = new ArrayList<>();
    for (int a = 0; a < first.arguments().size(); a++) {
      int position = a;
      arguments.add(merge(each(same, o -> o.arguments().get(position)), where + ", argument " + a));
    }
    List<List<Size>> shapes = new ArrayList<>();
    for (int r = 0; r < first.results().size(); r++) {
      int result = r;
      List<long[]> seen = same.stream().map(o -> o.results().get(result).getShape()).toList();
      shapes.add(sizes.of(seen, where + ", result " + r));
    }
    int id = operations.size();
    operations.add(
        new Operation(
            id,
            first.method(),
            first.internal(),
            target,
            arguments,
            shapes,
            layer(target, arguments),
            first.mutates(),
            first.site()));
    moved.put(
        raw,
        IntStream.range(0, shapes.size())
            .mapToObj(r -> new Result(id, r))
            .toArray(Reference[]::new));
  }

  private static List<Argument> each(
      List<RawOperation> same, Function<RawOperation, Argument> part) {
    return same.stream().map(part).toList();
  }

  /** The layer of the first weight used, else of the first parameter. */
  private String layer(Argument target, List<Argument> arguments) {
    List<NamedParameter> used =
        java.util.stream.Stream.concat(java.util.stream.Stream.of(target), arguments.stream())
            .flatMap(Operation::references)
            .filter(ParameterRef.class::isInstance)
            .map(r -> names.get(((ParameterRef) r).name()))
            .toList();
    return used.stream()
        .filter(p -> p.parameter().getShape().dimension() > 1)
        .findFirst()
        .or(() -> used.stream().findFirst())
        .map(NamedParameter::layer)
        .orElse("");
  }

  private Argument merge(List<Argument> seen, String where) {
    Argument first = seen.get(0);
    if (first instanceof Result result && seen.stream().allMatch(first::equals)) {
      return moved(result);
    }
    if (first instanceof ListOf list && sameItems(seen, ListOf.class, l -> l.items())) {
      return new ListOf(list.holder(), mergeItems(seen, a -> ((ListOf) a).items(), where));
    }
    if (first instanceof Index && sameItems(seen, Index.class, i -> i.items())) {
      return new Index(
          mergeItems(seen, a -> ((Index) a).items(), where).stream()
              .map(IndexItem.class::cast)
              .toList());
    }
    if (first instanceof IndexItem item
        && sameItems(seen, IndexItem.class, i -> i.parts())
        && seen.stream().allMatch(a -> ((IndexItem) a).kind() == item.kind())) {
      return new IndexItem(item.kind(), mergeItems(seen, a -> ((IndexItem) a).parts(), where));
    }
    if (seen.stream().allMatch(first::equals)) {
      return first;
    }
    Argument size = sizes.argument(seen, where);
    if (size == null) {
      throw differs(seen, where);
    }
    return size;
  }

  private Reference moved(Result result) {
    Reference[] results = moved.get(result.operation());
    if (results == null) {
      throw new IllegalStateException("result of a later operation: " + result);
    }
    return results[result.index()];
  }

  private static <T extends Argument> boolean sameItems(
      List<Argument> seen, Class<T> type, Function<T, List<? extends Argument>> items) {
    int count = items.apply(type.cast(seen.get(0))).size();
    return seen.stream()
        .allMatch(a -> type.isInstance(a) && items.apply(type.cast(a)).size() == count);
  }

  private List<Argument> mergeItems(
      List<Argument> seen, Function<Argument, List<? extends Argument>> items, String where) {
    List<Argument> merged = new ArrayList<>();
    for (int i = 0; i < items.apply(seen.get(0)).size(); i++) {
      int position = i;
      List<Argument> parts = new ArrayList<>();
      seen.forEach(a -> parts.add(items.apply(a).get(position)));
      merged.add(merge(parts, where + ", item " + i));
    }
    return merged;
  }

  private TraceException differs(List<Argument> seen, String where) {
    int other = 1;
    while (seen.get(other).equals(seen.get(0))) {
      other++;
    }
    return new TraceException(
        "%s is %s at %s, but %s at %s: it depends on the size in a way that cannot be recorded%s"
            .formatted(
                where,
                seen.get(0),
                points.points().get(0),
                seen.get(other),
                points.points().get(other),
                seen.get(0) instanceof Constant
                    ? " (make such arrays with the input's manager: x.getManager().zeros(shape))"
                    : ""));
  }
}
