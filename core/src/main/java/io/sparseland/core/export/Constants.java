// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.sparseland.core.Torch;
import io.sparseland.core.export.Operand.Stored;
import io.sparseland.core.graph.Argument;
import io.sparseland.core.graph.Operation;
import io.sparseland.core.graph.Reference;
import java.lang.reflect.InvocationTargetException;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Carries out, with DJL, operations on parameters and constants alone. */
final class Constants {

  private static final Pattern RANDOM =
      Pattern.compile("random.*|sample.*|truncatedNormal|dropout");

  private final NDManager manager;

  Constants(NDManager manager) {
    this.manager = manager;
  }

  /** Whether nothing about the operation depends on sizes or needs taking an index apart. */
  static boolean canCompute(Operation operation) {
    return operation.arguments().stream().allMatch(Constants::isFixed);
  }

  private static boolean isFixed(Argument argument) {
    if (argument instanceof Argument.ListOf list) {
      return list.items().stream().allMatch(Constants::isFixed);
    }
    return !(argument instanceof Argument.SizeLiteral || argument instanceof Argument.Index);
  }

  /** The results, owned by the manager. The operation's own arrays are not changed. */
  List<Operand> compute(Operation operation, Function<Reference, NDArray> arrays) {
    if (RANDOM.matcher(operation.name()).matches()) {
      throw Call.refusal(operation, "it draws random numbers");
    }
    if (operation.mutates() && operation.target() instanceof Argument.ParameterRef parameter) {
      throw Call.refusal(operation, "it changes parameter '" + parameter.name() + "'");
    }
    Object result = Torch.withoutGradients(() -> invoke(operation, arrays));
    if (result instanceof NDList list) {
      return list.stream().map(this::own).toList();
    }
    if (result instanceof NDArray array) {
      return List.of(own(array));
    }
    throw Call.refusal(operation, "it gives " + result + ", not arrays");
  }

  private Operand own(NDArray array) {
    array.detach();
    array.attach(manager);
    return new Stored("", array);
  }

  private @Nullable Object invoke(Operation operation, Function<Reference, NDArray> arrays) {
    @Nullable Object[] arguments =
        operation.arguments().stream().map(a -> java(a, arrays)).toArray();
    try {
      return operation.method().invoke(target(operation, arrays), arguments);
    } catch (InvocationTargetException | IllegalAccessException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw Call.refusal(operation, cause);
    }
  }

  private Object target(Operation operation, Function<Reference, NDArray> arrays) {
    if (!(operation.target() instanceof Reference reference)) {
      return manager;
    }
    NDArray array = arrays.apply(reference);
    if (operation.mutates()) {
      array = array.duplicate();
    }
    return operation.internal() ? array.getNDArrayInternal() : array;
  }

  private @Nullable Object java(Argument argument, Function<Reference, NDArray> arrays) {
    if (argument instanceof Reference reference) {
      return arrays.apply(reference);
    } else if (argument instanceof Argument.Literal literal) {
      return literal.value();
    } else if (argument instanceof Argument.TrainingFlag) {
      return false;
    } else if (argument instanceof Argument.ManagerOf) {
      return manager;
    } else if (argument instanceof Argument.ListOf list) {
      List<@Nullable Object> items = list.items().stream().map(i -> java(i, arrays)).toList();
      return switch (list.holder()) {
        case LIST -> new NDList(items.stream().map(NDArray.class::cast).toArray(NDArray[]::new));
        case ARRAYS -> items.stream().map(NDArray.class::cast).toArray(NDArray[]::new);
        case OBJECTS -> items.toArray();
      };
    }
    throw new IllegalStateException("not a fixed argument: " + argument);
  }
}
