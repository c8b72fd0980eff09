// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sees every operation of a block: a dynamic proxy around each array, its {@code NDArrayEx} and its
 * manager, and around each parameter handed out by the store.
 *
 * <p>Generic over methods: whatever returns arrays, or changes them, is a {@link Call}; what asks
 * for shape, type or device is answered by the real array; what reads values goes to {@link #read}.
 */
abstract class Interception {

  private static final Set<String> METADATA =
      Set.of(
          "getName",
          "getUid",
          "getDataType",
          "getDevice",
          "getShape",
          "getSparseFormat",
          "isSparse",
          "isScalar",
          "isEmpty",
          "hasGradient",
          "size",
          "shapeEquals",
          "isReleased");

  private static final Set<String> LIFECYCLE =
      Set.of(
          "attach",
          "tempAttach",
          "detach",
          "close",
          "returnResource",
          "setName",
          "setRequiresGradient");

  private static final Set<String> MUTATORS = Set.of("set", "setScalar", "copyTo");

  private final IdentityHashMap<NDArray, NDArray> proxies = new IdentityHashMap<>();

  /**
   * One call.
   *
   * @param method the method
   * @param target the real array or manager
   * @param self the object to invoke the method on
   * @param args the arguments as given, proxies inside
   */
  record Call(Method method, Object target, Object self, List<@Nullable Object> args) {

    boolean internal() {
      return method.getDeclaringClass() == NDArrayEx.class;
    }

    /** Calls the real method with unwrapped arguments. */
    @Nullable Object invoke() {
      return Interception.invoke(method, self, ProxyHandler.realOf(args.toArray()));
    }
  }

  /** Carries out an operation; the real result is wrapped by the caller. */
  abstract @Nullable Object operation(Call call);

  /** Answers a method that reads values. */
  abstract @Nullable Object read(Call call);

  /** Whether {@code close}, {@code attach} and the like reach the real array. */
  abstract boolean passesLifecycle();

  NDArray wrap(NDArray array) {
    NDArray real = (NDArray) ProxyHandler.real(array);
    return proxies.computeIfAbsent(real, r -> new ArrayHandler(r).proxy(NDArray.class));
  }

  NDList wrap(NDList list) {
    NDList wrapped = new NDList(list.size());
    list.forEach(a -> wrapped.add(wrap(a)));
    return wrapped;
  }

  NDManager wrap(NDManager manager) {
    return new ManagerHandler(manager).proxy(NDManager.class);
  }

  /** A store that hands out wrapped parameters; {@link #onParameter} hears of each. */
  ParameterStore wrap(ParameterStore store) {
    return new InterceptedStore(this, store);
  }

  /** Called for each array the store hands out; may exchange it. */
  NDArray onParameter(Parameter parameter, NDArray real) {
    return real;
  }

  static @Nullable Object invoke(Method method, Object self, @Nullable Object[] args) {
    try {
      return method.invoke(self, args);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException(method.getName() + " failed", e.getCause());
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(method + " cannot be called", e);
    }
  }

  private @Nullable Object wrapResult(@Nullable Object result) {
    if (result instanceof NDArray array) {
      return wrap(array);
    }
    if (result instanceof NDList list) {
      return wrap(list);
    }
    if (result instanceof NDArray[] arrays) {
      return Arrays.stream(arrays).map(this::wrap).toArray(NDArray[]::new);
    }
    return result;
  }

  private static boolean givesArrays(Method method) {
    Class<?> type = method.getReturnType();
    return NDArray.class.isAssignableFrom(type)
        || NDList.class.isAssignableFrom(type)
        || type == NDArray[].class;
  }

  private final class ArrayHandler extends ProxyHandler {

    private final NDArray real;

    ArrayHandler(NDArray real) {
      this.real = real;
    }

    @Override
    Object real() {
      return real;
    }

    @Override
    @Nullable Object call(Object proxy, Method method, @Nullable Object[] args) {
      String name = method.getName();
      if (name.equals("getNDArrayInternal")) {
        return new InternalHandler(real, real.getNDArrayInternal()).proxy(NDArrayEx.class);
      }
      if (name.equals("getManager")) {
        return wrap(real.getManager());
      }
      if (name.equals("getResourceNDArrays")) {
        return List.of(proxy);
      }
      if (METADATA.contains(name)) {
        return Interception.invoke(method, real, ProxyHandler.realOf(args));
      }
      if (LIFECYCLE.contains(name)) {
        return passesLifecycle()
            ? Interception.invoke(method, real, ProxyHandler.realOf(args))
            : null;
      }
      Call call = Indices.normalise(new Call(method, real, real, Arrays.asList(args)));
      if (MUTATORS.contains(name) || (givesArrays(method) && !name.equals("getGradient"))) {
        return wrapResult(operation(call));
      }
      return wrapResult(read(call));
    }
  }

  private final class InternalHandler extends ProxyHandler {

    private final NDArray real;
    private final NDArrayEx internal;

    InternalHandler(NDArray real, NDArrayEx internal) {
      this.real = real;
      this.internal = internal;
    }

    @Override
    Object real() {
      return internal;
    }

    @Override
    @Nullable Object call(Object proxy, Method method, @Nullable Object[] args) {
      if (method.getName().equals("getArray")) {
        return wrap(real);
      }
      Call call = new Call(method, real, internal, Arrays.asList(args));
      return wrapResult(givesArrays(method) ? operation(call) : read(call));
    }
  }

  private final class ManagerHandler extends ProxyHandler {

    private final NDManager real;

    ManagerHandler(NDManager real) {
      this.real = real;
    }

    @Override
    Object real() {
      return real;
    }

    @Override
    @Nullable Object call(Object proxy, Method method, @Nullable Object[] args) {
      if (givesArrays(method)) {
        return wrapResult(operation(new Call(method, real, real, Arrays.asList(args))));
      }
      if (!passesLifecycle()) {
        switch (method.getName()) {
          case "newSubManager", "getParentManager" -> {
            return proxy;
          }
          case "ret" -> {
            return args[0];
          }
          case "close", "cap", "attachAll", "tempAttachAll" -> {
            return null;
          }
          default -> {}
        }
      }
      Object result = Interception.invoke(method, real, ProxyHandler.realOf(args));
      return result instanceof NDManager manager ? wrap(manager) : wrapResult(result);
    }
  }
}
