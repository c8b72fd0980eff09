// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/**
 * DJL's internal operations of an array: {@code stack} and {@code concat}, which the batchifiers
 * need, are ours; all others are those of the PyTorch engine.
 */
final class InternalOperations {

  private InternalOperations() {}

  static NDArrayEx of(SparselandNDArray array) {
    return (NDArrayEx)
        Proxy.newProxyInstance(
            NDArrayEx.class.getClassLoader(),
            new Class<?>[] {NDArrayEx.class},
            (proxy, method, arguments) -> call(array, method, arguments));
  }

  private static @Nullable Object call(
      SparselandNDArray array, Method method, Object @Nullable [] arguments) throws Throwable {
    if (method.getDeclaringClass() == Object.class) {
      return OtherEngine.invoke(array, method, arguments);
    }
    Object[] given = arguments == null ? new Object[0] : arguments;
    return switch (method.getName()) {
      case "getArray" -> array;
      case "stack" -> Layout.stack(array, (NDList) given[0], axis(given));
      case "concat" -> Layout.concat(array, (NDList) given[0], axis(given));
      default -> elsewhere(array, method, given);
    };
  }

  private static int axis(Object[] arguments) {
    return arguments.length == 2 ? (int) arguments[1] : 0;
  }

  private static @Nullable Object elsewhere(SparselandNDArray array, Method method, Object[] given)
      throws Throwable {
    NDArray twin = array.twin(method.getName());
    Object[] converted = new Object[given.length];
    for (int i = 0; i < given.length; i++) {
      if (given[i] instanceof SparselandNDArray ours) {
        converted[i] = OtherEngine.copy(ours, twin.getManager());
      } else if (given[i] instanceof NDList list) {
        NDList copies = new NDList();
        list.forEach(one -> copies.add(twin.getManager().from(one)));
        converted[i] = copies;
      } else {
        converted[i] = given[i];
      }
    }
    return OtherEngine.invoke(twin.getNDArrayInternal(), method, converted);
  }
}
