// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.ValueType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The graph as calls of kernels: what nobody needs is dropped, a sum behind a linear layer becomes
 * its residual, transposes around a matrix product become the order in which it reads and writes.
 */
final class Fusion {

  private final Map<String, ValueType> types;
  private final Set<String> outputs = new HashSet<>();
  private List<Work> works = new ArrayList<>();

  private Fusion(ModelGraph graph, Map<String, ValueType> types) {
    this.types = types;
    graph.outputs().stream().map(Port::name).forEach(outputs::add);
    for (Node node : graph.nodes()) {
      works.add(new Work(node.output(), new Work.Apply(node.op()), node.inputs()));
    }
  }

  static List<Work> of(ModelGraph graph, Map<String, ValueType> types) {
    Fusion fusion = new Fusion(graph, types);
    fusion.dropDead();
    fusion.addResiduals();
    fusion.turnInputs();
    fusion.dropDead();
    fusion.turnOutputs();
    return fusion.works;
  }

  private void dropDead() {
    Set<String> needed = new HashSet<>(outputs);
    List<Work> live = new ArrayList<>();
    for (int i = works.size() - 1; i >= 0; i--) {
      Work work = works.get(i);
      if (needed.contains(work.output())) {
        needed.addAll(work.inputs());
        live.add(0, work);
      }
    }
    works = live;
  }

  /** The layer runs where the sum stood, so that its other operand is ready. */
  private void addResiduals() {
    Map<String, Integer> uses = uses();
    Map<String, Work> producers = new HashMap<>();
    List<Work> fused = new ArrayList<>();
    for (Work work : works) {
      Work layer = null;
      if (op(work) instanceof Op.Binary sum && sum.op() == BinaryOp.ADD && alike(work)) {
        Work second = producers.get(work.inputs().get(1));
        layer = isOnlyRead(second, uses) ? second : producers.get(work.inputs().get(0));
      }
      Work result = work;
      if (layer != null && isOnlyRead(layer, uses) && op(layer) instanceof Op.Linear linear) {
        String other = work.inputs().get(work.inputs().get(0).equals(layer.output()) ? 1 : 0);
        List<String> inputs = List.of(layer.inputs().get(0), other);
        result = new Work(work.output(), new Work.LinearPlus(linear), inputs);
        fused.remove(layer);
      }
      producers.put(result.output(), result);
      fused.add(result);
    }
    works = fused;
  }

  private boolean isOnlyRead(@Nullable Work work, Map<String, Integer> uses) {
    return work != null
        && op(work) instanceof Op.Linear
        && uses.getOrDefault(work.output(), 0) == 1
        && !outputs.contains(work.output());
  }

  private boolean alike(Work work) {
    ValueType type = types.get(work.output());
    return work.inputs().stream().allMatch(input -> type != null && type.equals(types.get(input)));
  }

  private void turnInputs() {
    Map<String, Work> producers = new HashMap<>();
    List<Work> turned = new ArrayList<>();
    for (Work work : works) {
      Work result = work;
      if (op(work) instanceof Op.MatMul) {
        Work a = producers.get(work.inputs().get(0));
        Work b = producers.get(work.inputs().get(1));
        List<Integer> orderA = order(a);
        List<Integer> orderB = order(b);
        if (orderA != null || orderB != null) {
          List<String> inputs =
              List.of(
                  orderA == null || a == null ? work.inputs().get(0) : a.inputs().get(0),
                  orderB == null || b == null ? work.inputs().get(1) : b.inputs().get(0));
          result =
              new Work(
                  work.output(),
                  new Work.TurnedMatMul(
                      orderA == null ? same(work.inputs().get(0)) : orderA,
                      orderB == null ? same(work.inputs().get(1)) : orderB,
                      same(work.output())),
                  inputs);
        }
      }
      producers.put(result.output(), result);
      turned.add(result);
    }
    works = turned;
  }

  /** The permutation of a transpose that leaves rows or columns of matrices in one piece. */
  private @Nullable List<Integer> order(@Nullable Work work) {
    if (work == null || !(op(work) instanceof Op.Transpose transpose)) {
      return null;
    }
    List<Integer> order = transpose.permutation();
    int last = order.size() - 1;
    ValueType type = types.get(work.output());
    boolean floats = type != null && type.type() == ElementType.FLOAT32;
    return floats && last >= 1 && (order.get(last) == last || order.get(last - 1) == last)
        ? order
        : null;
  }

  private void turnOutputs() {
    Map<String, Integer> uses = uses();
    Map<String, Work> producers = new HashMap<>();
    List<Work> turned = new ArrayList<>();
    for (Work work : works) {
      Work result = work;
      Work product = work.inputs().isEmpty() ? null : producers.get(work.inputs().get(0));
      if (op(work) instanceof Op.Transpose transpose
          && product != null
          && uses.getOrDefault(product.output(), 0) == 1
          && !outputs.contains(product.output())
          && transpose.permutation().get(transpose.permutation().size() - 1)
              == transpose.permutation().size() - 1) {
        Work.TurnedMatMul matmul = turned(product);
        if (matmul != null) {
          List<Integer> y = inverse(transpose.permutation());
          result =
              new Work(
                  work.output(),
                  new Work.TurnedMatMul(matmul.a(), matmul.b(), y),
                  product.inputs());
          turned.remove(product);
        }
      }
      producers.put(result.output(), result);
      turned.add(result);
    }
    works = turned;
  }

  private Work.@Nullable TurnedMatMul turned(Work work) {
    if (work.action() instanceof Work.TurnedMatMul matmul) {
      return matmul.y().equals(same(work.output())) ? matmul : null;
    }
    return op(work) instanceof Op.MatMul
        ? new Work.TurnedMatMul(
            same(work.inputs().get(0)), same(work.inputs().get(1)), same(work.output()))
        : null;
  }

  private List<Integer> same(String value) {
    ValueType type = types.get(value);
    return IntStream.range(0, type == null ? 0 : type.rank()).boxed().toList();
  }

  private static List<Integer> inverse(List<Integer> permutation) {
    return IntStream.range(0, permutation.size()).mapToObj(permutation::indexOf).toList();
  }

  private Map<String, Integer> uses() {
    Map<String, Integer> uses = new HashMap<>();
    works.forEach(work -> work.inputs().forEach(input -> uses.merge(input, 1, Integer::sum)));
    return uses;
  }

  private static @Nullable Op op(Work work) {
    return work.action() instanceof Work.Apply apply ? apply.op() : null;
  }
}
