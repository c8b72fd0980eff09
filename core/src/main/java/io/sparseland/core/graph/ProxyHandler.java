// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A proxy and the real object behind it; compared by identity, never by value. */
abstract class ProxyHandler implements InvocationHandler {

  private static final @Nullable Object[] NONE = {};

  abstract Object real();

  abstract @Nullable Object call(Object proxy, Method method, @Nullable Object[] args);

  /** A proxy that this handles. */
  final <T> T proxy(Class<T> type) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, this));
  }

  /** What is behind a proxy, also inside lists, arrays and indices; anything else as it is. */
  static Object real(Object value) {
    if (Proxy.isProxyClass(value.getClass())) {
      InvocationHandler handler = Proxy.getInvocationHandler(value);
      if (handler instanceof ProxyHandler own) {
        return own.real();
      }
    } else if (value instanceof NDList list) {
      NDList real = new NDList(list.size());
      list.forEach(a -> real.add((NDArray) real(a)));
      return real;
    } else if (value instanceof NDArray[] arrays) {
      return Arrays.stream(arrays).map(a -> (NDArray) real(a)).toArray(NDArray[]::new);
    } else if (value instanceof Object[] objects && value.getClass() == Object[].class) {
      return realOf(objects);
    } else if (value instanceof NDIndex index) {
      return Indices.map(index, a -> (NDArray) real(a));
    }
    return value;
  }

  /** {@link #real} of each, nulls as they are. */
  static @Nullable Object[] realOf(@Nullable Object[] values) {
    @Nullable Object[] real = new @Nullable Object[values.length];
    for (int i = 0; i < values.length; i++) {
      Object value = values[i];
      real[i] = value == null ? null : real(value);
    }
    return real;
  }

  @Override
  public final @Nullable Object invoke(
      Object proxy, Method method, @Nullable Object @Nullable [] args) {
    @Nullable Object[] given = args == null ? NONE : args;
    return switch (method.getDeclaringClass() == Object.class ? method.getName() : "") {
      case "equals" -> proxy == given[0];
      case "hashCode" -> System.identityHashCode(real());
      case "toString" -> "traced " + describe(real());
      default -> call(proxy, method, given);
    };
  }

  private static String describe(Object real) {
    return real instanceof NDArray a ? a.getDataType() + " " + a.getShape() : "manager";
  }
}
