// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import ai.djl.ndarray.types.Shape;
import io.sparseland.core.export.Operand.Stored;
import io.sparseland.core.export.Operand.Value;
import io.sparseland.core.graph.Argument;
import io.sparseland.core.graph.Operation;
import io.sparseland.core.graph.Reference;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Size;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One traced operation as a {@link Rule} sees it: arguments by type, and where results go. */
final class Call {

  private final Operation operation;
  private final Function<Reference, Operand> operands;
  private final Emitter emitter;

  Call(Operation operation, Function<Reference, Operand> operands, Emitter emitter) {
    this.operation = operation;
    this.operands = operands;
    this.emitter = emitter;
  }

  /** Number of arguments, the target not counted. */
  int arity() {
    return operation.arguments().size();
  }

  /** The array that the operation was called on. */
  Operand self() {
    return operand(operation.target());
  }

  /** An argument that must be an array. */
  Operand array(int position) {
    return operand(argument(position));
  }

  /** An array argument that may be null. */
  @Nullable Operand optionalArray(int position) {
    return isNull(position) ? null : array(position);
  }

  boolean isArray(int position) {
    return argument(position) instanceof Reference;
  }

  boolean isNull(int position) {
    return argument(position) instanceof Argument.Literal literal && literal.value() == null;
  }

  /** The arrays of a list argument. */
  List<Operand> arrays(int position) {
    if (argument(position) instanceof Argument.ListOf list) {
      return list.items().stream().map(this::operand).toList();
    }
    throw fail("argument " + position + " is not a list of arrays");
  }

  /** An argument that must be known at export. */
  Stored stored(int position) {
    if (array(position) instanceof Stored stored) {
      return stored;
    }
    throw fail("argument " + position + " is computed; allowed: a parameter or constant");
  }

  float number(int position) {
    if (argument(position) instanceof Argument.Literal literal
        && literal.value() instanceof Number number) {
      return number.floatValue();
    }
    throw fail("argument " + position + " (" + argument(position) + ") is not a fixed number");
  }

  int integer(int position) {
    return Math.toIntExact((long) number(position));
  }

  /** A fixed boolean; the live training flag is false. */
  boolean flag(int position) {
    Argument argument = argument(position);
    if (argument instanceof Argument.TrainingFlag) {
      return false;
    }
    if (argument instanceof Argument.Literal literal && literal.value() instanceof Boolean flag) {
      return flag;
    }
    throw fail("argument " + position + " (" + argument + ") is not a flag");
  }

  /** A fixed shape or list of integers; empty for null. */
  int[] integers(int position) {
    Argument argument = argument(position);
    Object value = argument instanceof Argument.Literal literal ? literal.value() : argument;
    if (value == null) {
      return new int[0];
    } else if (value instanceof Shape shape) {
      return Arrays.stream(shape.getShape()).mapToInt(Math::toIntExact).toArray();
    } else if (value instanceof long[] longs) {
      return Arrays.stream(longs).mapToInt(Math::toIntExact).toArray();
    } else if (value instanceof int[] integers) {
      return integers.clone();
    } else if (value instanceof Number number) {
      return new int[] {number.intValue()};
    }
    throw fail("argument " + position + " (" + argument + ") is not a fixed list of integers");
  }

  Argument argument(int position) {
    return operation.arguments().get(position);
  }

  /** Shape of the only, or first, result. */
  List<Size> shape() {
    return operation.resultShapes().get(0);
  }

  List<List<Size>> shapes() {
    return operation.resultShapes();
  }

  /** An axis of an array of this rank, counted from the start. */
  int axis(int axis, int rank) {
    int counted = axis < 0 ? axis + rank : axis;
    if (counted < 0 || counted >= rank) {
      throw fail("axis " + axis + " of " + rank + " dimensions");
    }
    return counted;
  }

  /** Appends a node whose value has the shape of the operation's result. */
  Value emit(Op op, Operand... inputs) {
    return emit(op, shape(), inputs);
  }

  Value emit(Op op, List<Size> shape, Operand... inputs) {
    List<Value> values = Arrays.stream(inputs).map(this::value).toList();
    boolean moves =
        op instanceof Op.Reshape
            || op instanceof Op.Transpose
            || op instanceof Op.Slice
            || op instanceof Op.Concat
            || op instanceof Op.Embedding;
    if (!moves && values.stream().anyMatch(Value::integral)) {
      throw fail("it computes with integers; allowed: looking up and moving them");
    }
    return emitter.emit(op, values, shape, operation.layer());
  }

  /** The same elements under another shape; nothing is emitted where the shape is the same. */
  Value reshape(Operand x, List<Size> shape) {
    Value value = value(x);
    return value.shape().equals(shape) ? value : emit(new Op.Reshape(shape), shape, value);
  }

  /** An array as a value of the graph: what is known becomes a constant. */
  Value value(Operand operand) {
    if (operand instanceof Stored stored) {
      return emitter.emit(
          new Op.Constant(emitter.store(stored)), List.of(), stored.shape(), operation.layer());
    }
    return (Value) operand;
  }

  Emitter emitter() {
    return emitter;
  }

  String layer() {
    return operation.layer();
  }

  /** The refusal of this operation, to be thrown. */
  ExportException fail(String reason) {
    return refusal(operation, reason);
  }

  static ExportException refusal(Operation operation, Throwable cause) {
    return new ExportException(text(operation, String.valueOf(cause.getMessage())), cause);
  }

  static ExportException refusal(Operation operation, String reason) {
    return new ExportException(text(operation, reason));
  }

  private static String text(Operation operation, String reason) {
    String layer = operation.layer().isEmpty() ? "" : " of layer '" + operation.layer() + "'";
    return "operation '%s'%s, called at %s, cannot be exported: %s"
        .formatted(operation.name(), layer, operation.site(), reason);
  }

  Operand operand(Argument argument) {
    if (argument instanceof Reference reference) {
      return operands.apply(reference);
    }
    throw fail(argument + " is not an array");
  }
}
