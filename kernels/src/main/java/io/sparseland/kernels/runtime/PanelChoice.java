// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Size;
import io.sparseland.kernels.graph.ValueType;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which values lie in panels. Element-wise operations, norms and residuals want their inputs as
 * their output is, so values joined by them get one layout; a linear layer takes and gives either.
 * Such a group is in panels if that saves work, counted in elements moved: a sparse layer need not
 * pack what it reads in panels, nor unpack what it writes there, a dense one must; and where other
 * operations meet the group, a conversion is needed.
 */
final class PanelChoice {

  /** Fewer tokens are mostly padding, and kernels for few tokens read rows. */
  static final int LEAST_TOKENS = 16;

  private final Program program;
  private final Predicate<String> sparse;
  private final Map<String, String> parents = new HashMap<>();
  private final Map<String, Double> gains = new HashMap<>();
  private final Set<String> inRows = new HashSet<>(); // made in rows
  private final Set<String> asRows = new HashSet<>(); // read in rows

  /**
   * Chooses.
   *
   * @param program everything in rows
   * @param sparse whether the weight of that name is multiplied in panels
   */
  PanelChoice(Program program, Predicate<String> sparse) {
    this.program = program;
    this.sparse = sparse;
    Set<String> made = new HashSet<>();
    for (Work work : program.works()) {
      made.add(work.output());
      for (int i = 0; i < work.inputs().size(); i++) {
        if (joins(work, i)) {
          parents.put(root(work.inputs().get(i)), root(work.output()));
        }
      }
    }
    asRows.addAll(program.outputs());
    for (Work work : program.works()) {
      work.inputs().stream().filter(input -> !made.contains(input)).forEach(inRows::add);
      count(work);
    }
    // A conversion is a pass of its own, packing within a layer is not.
    inRows.forEach(value -> gain(value, -1.5));
    asRows.stream().filter(v -> !inRows.contains(v)).forEach(value -> gain(value, -1.5));
  }

  /** Whether input i is read in panels. */
  boolean takesPanels(Work work, int i) {
    String input = work.inputs().get(i);
    return (joins(work, i) || isLinearInput(work, i)) && chosen(input);
  }

  /** Whether the output is written in panels. */
  boolean givesPanels(Work work) {
    boolean free = linear(work) != null;
    for (int i = 0; i < work.inputs().size(); i++) {
      free |= joins(work, i);
    }
    return free && chosen(work.output());
  }

  private boolean chosen(String value) {
    return isTokens(value) && gains.getOrDefault(root(value), 0.0) > 0;
  }

  private void count(Work work) {
    Op.Linear linear = linear(work);
    boolean joined = false;
    for (int i = 0; i < work.inputs().size(); i++) {
      String input = work.inputs().get(i);
      if (linear != null && i == 0) {
        gain(input, sparse.test(linear.weight()) ? 1 : -1);
      } else if (joins(work, i)) {
        joined = true;
      } else {
        asRows.add(input);
      }
    }
    if (linear != null) {
      gain(work.output(), sparse.test(linear.weight()) ? 1 : -1);
    } else if (!joined) {
      inRows.add(work.output());
    }
  }

  private void gain(String value, double factor) {
    gains.merge(root(value), factor * program.type(value).elements().constant(), Double::sum);
  }

  /** Whether input i must be laid out as the output is. */
  private boolean joins(Work work, int i) {
    String input = work.inputs().get(i);
    if (!isTokens(input) || !isTokens(work.output())) {
      return false;
    }
    if (work.action() instanceof Work.LinearPlus) {
      return i == 1;
    }
    if (!(work.action() instanceof Work.Apply apply)) {
      return false;
    }
    Op op = apply.op();
    if (op instanceof Op.Unary || op instanceof Op.BinaryScalar || op instanceof Op.LayerNorm) {
      return true;
    } else if (op instanceof Op.Softmax softmax) {
      return softmax.axis() == program.type(input).rank() - 1;
    } else if (op instanceof Op.Reshape) {
      return features(input) == features(work.output());
    } else if (op instanceof Op.Binary) {
      return fits(work, 0) && fits(work, 1) && program.type(input).equals(type(work));
    }
    return false;
  }

  /**
   * Whether an operand of an element-wise operation has the output's shape or repeats per token.
   */
  private boolean fits(Work work, int i) {
    ValueType operand = program.type(work.inputs().get(i));
    long size = operand.elements().constant();
    return operand.equals(type(work))
        || size == 1
        || (size == features(work.output()) && features(work.inputs().get(i)) == size);
  }

  private ValueType type(Work work) {
    return program.type(work.output());
  }

  private static boolean isLinearInput(Work work, int i) {
    return i == 0 && linear(work) != null;
  }

  private static Op.@Nullable Linear linear(Work work) {
    if (work.action() instanceof Work.LinearPlus plus) {
      return plus.linear();
    }
    return work.action() instanceof Work.Apply apply && apply.op() instanceof Op.Linear linear
        ? linear
        : null;
  }

  private boolean isTokens(String value) {
    ValueType type = program.type(value);
    return type.type() == ElementType.FLOAT32
        && type.rank() >= 2
        && type.elements().constant() / features(value) >= LEAST_TOKENS;
  }

  private long features(String value) {
    List<Size> shape = program.type(value).shape();
    return shape.isEmpty() ? 1 : shape.get(shape.size() - 1).constant();
  }

  private String root(String value) {
    String at = value;
    for (String up = parents.get(at); up != null && !up.equals(at); up = parents.get(at)) {
      at = up;
    }
    return at;
  }
}
