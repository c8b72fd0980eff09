// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The engine that runs what ours does not: PyTorch, started by the first operation that needs it.
 */
final class OtherEngine {

  static final String NAME = "PyTorch";

  private OtherEngine() {}

  /**
   * A new base manager of the other engine; the caller closes it.
   *
   * @throws UnsupportedOperationException if that engine is not on the class path; the message
   *     names the operation and the engine
   */
  static NDManager newManager(String operation) {
    if (!Engine.hasEngine(NAME)) {
      throw new UnsupportedOperationException(
          "'"
              + operation
              + "' needs the "
              + NAME
              + " engine, which is not on the class path (ai.djl.pytorch:pytorch-engine);"
              + " the Sparseland engine itself creates, reads, reshapes, slices, stacks, splits and"
              + " converts arrays and computes softmax, logSoftmax and argMax");
    }
    return Engine.getEngine(NAME).newBaseManager();
  }

  /** Copies an array to a manager of the other engine; nothing is shared. */
  static NDArray copy(NDArray array, NDManager manager) {
    // A tensor made from a direct buffer shares its memory, and a view of that tensor would not
    // keep the buffer alive: hence the duplicate.
    try (NDArray shared =
        manager.create(array.toByteBuffer(true), array.getShape(), array.getDataType())) {
      NDArray copy = shared.duplicate();
      copy.setName(array.getName());
      return copy;
    }
  }

  /**
   * A manager that finds its target with the first call and copies our arrays to it. It stands as
   * the alternative manager of {@link ai.djl.ndarray.NDArrayAdapter}.
   */
  static NDManager lazily(Supplier<NDManager> target) {
    return (NDManager)
        Proxy.newProxyInstance(
            NDManager.class.getClassLoader(),
            new Class<?>[] {NDManager.class},
            (proxy, method, arguments) ->
                method.getName().equals("from") && arguments[0] instanceof SparselandNDArray array
                    ? copy(array, target.get())
                    : invoke(target.get(), method, arguments));
  }

  /** The name of the array operation that is being handed on, read from the stack. */
  static String operation() {
    return StackWalker.getInstance()
        .walk(
            frames ->
                frames
                    .dropWhile(frame -> !frame.getMethodName().equals("getAlternativeArray"))
                    .skip(1)
                    .map(StackWalker.StackFrame::getMethodName)
                    .findFirst())
        .orElse("this operation");
  }

  /** Calls a method by reflection and throws what it throws. */
  static @Nullable Object invoke(Object target, Method method, Object @Nullable [] arguments)
      throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }
}
