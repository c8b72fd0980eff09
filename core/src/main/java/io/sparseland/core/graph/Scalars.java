// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Calls with a number, such as {@code x.mul(2)}, in a way that backward can rely on.
 *
 * <p>The PyTorch engine of DJL 0.36 makes an array of the number, on a buffer of the JVM, and
 * closes it when the operation returns. What backward needs of it (for mul, div, pow, minimum and
 * maximum) is then read from memory that a garbage collection in between has freed: gradients of
 * everything before the operation are wrong, often zero. An array whose memory is the engine's own
 * lives as long as backward needs it.
 */
final class Scalars {

  private static final Map<Method, Optional<Method>> SIBLINGS = new ConcurrentHashMap<>();

  private Scalars() {}

  /** The result of the method, its only argument an array of the number if it has such a form. */
  static @Nullable Object invoke(Method method, Object self, @Nullable Object[] arguments) {
    Optional<Method> sibling =
        arguments.length == 1 && arguments[0] instanceof Number && self instanceof NDArray
            ? SIBLINGS.computeIfAbsent(method, Scalars::sibling)
            : Optional.empty();
    if (sibling.isEmpty()) {
      return Interception.invoke(method, self, arguments);
    }
    try (NDArray borrowed = ((NDArray) self).getManager().create((Number) arguments[0]);
        NDArray owned = borrowed.duplicate()) {
      return Interception.invoke(sibling.get(), self, new Object[] {owned});
    }
  }

  private static Optional<Method> sibling(Method method) {
    if (!Arrays.equals(method.getParameterTypes(), new Class<?>[] {Number.class})) {
      return Optional.empty();
    }
    return Arrays.stream(NDArray.class.getMethods())
        .filter(m -> m.getName().equals(method.getName()))
        .filter(m -> Arrays.equals(m.getParameterTypes(), new Class<?>[] {NDArray.class}))
        .findFirst();
  }
}
