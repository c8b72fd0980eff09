// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.core.export.Operand.Stored;
import io.sparseland.core.export.Operand.Value;
import io.sparseland.core.graph.Argument;
import io.sparseland.core.graph.Argument.IndexItem;
import io.sparseland.core.graph.Argument.IndexItem.Kind;
import io.sparseland.core.graph.Reference;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code get} with fixed indices and slices; rows of a table by ids. */
final class IndexRules {

  private IndexRules() {}

  static Map<String, Rule> all() {
    return Map.of("get", Rule.of(IndexRules::get), "embedding", Rule.of(IndexRules::embedding));
  }

  private static Operand embedding(Call call) {
    return lookUp(call, call.stored(1), call.array(0));
  }

  private static Operand lookUp(Call call, Stored table, Operand ids) {
    if (table.rank() != 2) {
      throw call.fail("table of shape " + table.shape() + "; allowed: 2 dimensions");
    }
    return call.emit(new Op.Embedding(call.emitter().store(table)), ids);
  }

  private static Operand get(Call call) {
    List<IndexItem> items = items(call);
    if (items.size() == 1
        && items.get(0).kind() == Kind.TAKE
        && call.self() instanceof Stored table) {
      return lookUp(call, table, call.operand((Reference) items.get(0).parts().get(0)));
    }
    Value x = call.value(call.self());
    int axis = 0;
    long named =
        items.stream()
            .filter(item -> item.kind() != Kind.ELLIPSIS && item.kind() != Kind.NEW_AXIS)
            .count();
    for (IndexItem item : items) {
      switch (item.kind()) {
        case ALL -> axis++;
        case ELLIPSIS -> axis += x.rank() - Math.toIntExact(named);
        case NEW_AXIS -> {}
        case FIXED -> x = fixed(call, x, axis++, bound(call, item.parts().get(0)));
        case SLICE -> x = slice(call, x, axis++, item.parts());
        default -> throw call.fail("index by an array; allowed: fixed indices and slices");
      }
    }
    return call.reshape(x, call.shape());
  }

  private static List<IndexItem> items(Call call) {
    Argument argument = call.argument(0);
    if (argument instanceof Argument.Index index) {
      return index.items();
    }
    if (argument instanceof Argument.Literal literal && literal.value() instanceof long[] fixed) {
      List<IndexItem> items = new ArrayList<>();
      for (long index : fixed) {
        items.add(new IndexItem(Kind.FIXED, List.of(new Argument.Literal(index))));
      }
      return items;
    }
    throw call.fail("index " + argument + "; allowed: fixed indices and slices");
  }

  private static Value fixed(Call call, Value x, int axis, @Nullable Size index) {
    Size length = x.shape().get(axis);
    Size begin = fromStart(index == null ? Size.of(0) : index, length);
    return cut(call, x, axis, new Op.Slice(axis, begin, begin.plus(1), 1), Size.of(1));
  }

  private static Value slice(Call call, Value x, int axis, List<Argument> parts) {
    Size length = x.shape().get(axis);
    Size first = bound(call, parts.get(0));
    Size last = bound(call, parts.get(1));
    Size by = bound(call, parts.get(2));
    Size begin = first == null ? Size.of(0) : fromStart(first, length);
    Size end = last == null ? length : fromStart(last, length);
    if (end.isConstant() && length.isConstant() && end.constant() > length.constant()) {
      end = length;
    }
    int step = by == null ? 1 : Math.toIntExact(by.constant());
    if (step < 1) {
      throw call.fail("slice with step " + step + "; allowed: at least 1");
    }
    Size span = end.minus(begin);
    if (step > 1 && !span.isConstant()) {
      throw call.fail("slice with step " + step + " of " + span + " elements");
    }
    Size count = step == 1 ? span : Size.of((span.constant() + step - 1) / step);
    return cut(call, x, axis, new Op.Slice(axis, begin, end, step), count);
  }

  private static Value cut(Call call, Value x, int axis, Op.Slice slice, Size count) {
    if (count.equals(x.shape().get(axis))) {
      return x;
    }
    List<Size> shape = new ArrayList<>(x.shape());
    shape.set(axis, count);
    return call.emit(slice, shape, x);
  }

  private static Size fromStart(Size index, Size length) {
    return index.isConstant() && index.constant() < 0 ? length.plus(index) : index;
  }

  private static @Nullable Size bound(Call call, Argument part) {
    if (part instanceof Argument.SizeLiteral size) {
      return size.sizes().get(0);
    }
    if (part instanceof Argument.Literal literal) {
      Object value = literal.value();
      return value == null ? null : Size.of(((Number) value).longValue());
    }
    throw call.fail("index " + part);
  }
}
