// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.sparseland.core.graph.Argument.Constant;
import io.sparseland.core.graph.Argument.ListOf;
import io.sparseland.core.graph.Argument.Literal;
import io.sparseland.core.graph.Argument.ManagerOf;
import io.sparseland.core.graph.Argument.ParameterRef;
import io.sparseland.core.graph.Argument.Result;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Records every operation of one forward pass. */
final class Recorder extends Interception {

  private static final StackWalker STACK =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  /** Weights up to this size are traced on a copy, so a forward that edits them cannot harm. */
  private static final long COPIED = 1 << 20;

  private final Names names;
  private final IdentityHashMap<NDArray, Reference> references = new IdentityHashMap<>();
  private final IdentityHashMap<Parameter, NDArray> parameters = new IdentityHashMap<>();
  private final List<RawOperation> operations = new ArrayList<>();
  private String lastLayer = "";

  Recorder(Names names) {
    this.names = names;
  }

  NDArray input(int index, NDArray real) {
    references.put(real, new Argument.Input(index));
    return wrap(real);
  }

  RawOperation.Trace finish(NDList outputs) {
    List<Reference> found = new ArrayList<>();
    for (NDArray output : outputs) {
      found.add(reference((NDArray) ProxyHandler.real(output)));
    }
    return new RawOperation.Trace(List.copyOf(operations), List.copyOf(found));
  }

  @Override
  boolean passesLifecycle() {
    return false;
  }

  @Override
  NDArray onParameter(Parameter parameter, NDArray real) {
    return parameters.computeIfAbsent(
        parameter,
        p -> {
          String name = names.nameOf(p);
          if (name == null) {
            throw new TraceException(
                "%s uses a parameter '%s' %s that the block's getParameters() does not list"
                    .formatted(site(), p.getName(), p.getShape()));
          }
          boolean copy =
              switch (p.getType()) {
                case RUNNING_MEAN, RUNNING_VAR, OTHER -> true;
                default -> real.size() <= COPIED;
              };
          NDArray used = copy ? real.duplicate() : real;
          references.put(used, new ParameterRef(name));
          return used;
        });
  }

  @Override
  @Nullable Object operation(Call call) {
    String site = site();
    Argument target = call.target() instanceof NDArray array ? reference(array) : new ManagerOf();
    List<Argument> arguments = new ArrayList<>();
    boolean constant = false;
    for (Object arg : call.args()) {
      Argument argument = argument(arg);
      if (argument == null && !(target instanceof ManagerOf)) {
        throw new TraceException(
            "%s calls '%s' with a %s, which cannot be recorded"
                .formatted(
                    site, call.method().getName(), ProxyHandler.real(arg).getClass().getName()));
      }
      constant |= argument == null;
      if (argument != null) {
        arguments.add(argument);
      }
    }
    Object result = call.invoke();
    List<NDArray> results = arrays(result);
    if (constant || (target instanceof ManagerOf && results.stream().allMatch(this::isKnown))) {
      return result; // unknown arrays become constants when they are used
    }
    add(call, target, arguments, results, site);
    return result;
  }

  @Override
  @Nullable Object read(Call call) {
    throw new TraceException(
        "%s reads values with '%s'%s: what the block computes depends on its data, so it cannot be"
                .formatted(site(), call.method().getName(), after())
            + " traced; use array operations (where, gather, masks) instead");
  }

  private String after() {
    return lastLayer.isEmpty() ? "" : " (after layer '" + lastLayer + "')";
  }

  private void add(
      Call call, Argument target, List<Argument> arguments, List<NDArray> results, String site) {
    int id = operations.size();
    boolean made =
        target instanceof ManagerOf
            && arguments.stream().flatMap(Operation::references).findAny().isEmpty();
    RawOperation operation =
        new RawOperation(
            call.method(),
            call.internal(),
            target,
            List.copyOf(arguments),
            results.stream().map(NDArray::getShape).toList(),
            made ? results.stream().map(ConstantArray::copyOf).toList() : List.of(),
            mutates(call, results),
            site);
    operations.add(operation);
    for (int i = 0; i < results.size(); i++) {
      references.put(results.get(i), new Result(id, i));
    }
    arguments.stream()
        .filter(ParameterRef.class::isInstance)
        .findFirst()
        .ifPresent(p -> lastLayer = names.get(((ParameterRef) p).name()).layer());
  }

  /** A void method, or one that returned its own target and has a sibling without the last i. */
  private static boolean mutates(Call call, List<NDArray> results) {
    Method method = call.method();
    if (method.getReturnType() == void.class) {
      return true;
    }
    String name = method.getName();
    if (results.size() != 1 || results.get(0) != call.target() || !name.endsWith("i")) {
      return false;
    }
    String pure = name.substring(0, name.length() - 1);
    return Arrays.stream(method.getDeclaringClass().getMethods())
        .anyMatch(
            m ->
                m.getName().equals(pure)
                    && Arrays.equals(m.getParameterTypes(), method.getParameterTypes()));
  }

  private boolean isKnown(NDArray array) {
    return references.containsKey(array);
  }

  private Reference reference(NDArray real) {
    return references.computeIfAbsent(
        real,
        r -> {
          if (r.hasGradient()) {
            throw new TraceException(
                "%s uses a trainable array %s that is no parameter of the block; is its layer"
                        .formatted(site(), r.getShape())
                    + " hidden in a lambda? Add it with addChildBlock or addParameter");
          }
          return new Constant(ConstantArray.copyOf(r));
        });
  }

  /** Null for a value that cannot be written down. */
  private @Nullable Argument argument(@Nullable Object given) {
    Object value = given == null ? null : ProxyHandler.real(given);
    if (value instanceof NDArray array) {
      return reference(array);
    }
    if (value instanceof NDList list) {
      return new ListOf(ListOf.Holder.LIST, arguments(list.toArray(new NDArray[0])));
    }
    if (value instanceof NDArray[] arrays) {
      return new ListOf(ListOf.Holder.ARRAYS, arguments(arrays));
    }
    if (value instanceof Object[] objects && value.getClass() == Object[].class) {
      return new ListOf(ListOf.Holder.OBJECTS, arguments(objects));
    }
    if (value instanceof NDIndex index) {
      return new Argument.Index(Indices.items(index, this::reference));
    }
    if (value instanceof NDManager) {
      return new ManagerOf();
    }
    return isLiteral(value) ? new Literal(copy(value)) : null;
  }

  private List<Argument> arguments(@Nullable Object[] values) {
    List<Argument> list = new ArrayList<>();
    for (Object value : values) {
      Argument argument = argument(value);
      if (argument == null) {
        throw new TraceException("%s passes a value that cannot be recorded".formatted(site()));
      }
      list.add(argument);
    }
    return list;
  }

  private static boolean isLiteral(@Nullable Object value) {
    return value == null
        || value instanceof Number
        || value instanceof Boolean
        || value instanceof String
        || value instanceof Enum<?>
        || value instanceof Shape
        || value instanceof Device
        || (value.getClass().isArray() && value.getClass().getComponentType().isPrimitive())
        || (value instanceof List<?> list && list.stream().allMatch(Recorder::isLiteral));
  }

  private static @Nullable Object copy(@Nullable Object value) {
    if (value instanceof int[] a) {
      return a.clone();
    }
    if (value instanceof long[] a) {
      return a.clone();
    }
    return value instanceof float[] a ? a.clone() : value;
  }

  private static List<NDArray> arrays(@Nullable Object result) {
    if (result instanceof NDArray array) {
      return List.of(array);
    }
    if (result instanceof NDList list) {
      return List.copyOf(list);
    }
    return result instanceof NDArray[] arrays ? List.of(arrays) : List.of();
  }

  /** Block and line that called: the frames behind the innermost proxy. */
  private String site() {
    return STACK.walk(
        frames -> {
          List<StackWalker.StackFrame> outer =
              frames
                  .dropWhile(f -> !Proxy.isProxyClass(f.getDeclaringClass()) && !isStore(f))
                  .skip(1)
                  .filter(f -> !f.getClassName().startsWith("ai.djl.ndarray."))
                  .toList();
          Optional<String> line =
              outer.stream()
                  .findFirst()
                  .map(
                      f ->
                          "%s.%s, line %d"
                              .formatted(
                                  f.getClassName().replaceAll(".*[.]", ""),
                                  f.getMethodName(),
                                  f.getLineNumber()));
          String block =
              outer.stream()
                  .filter(f -> Block.class.isAssignableFrom(f.getDeclaringClass()))
                  .findFirst()
                  .map(f -> names.describe(f.getDeclaringClass()))
                  .orElse("the block");
          return "block %s (%s)".formatted(block, line.orElse("unknown place"));
        });
  }

  private static boolean isStore(StackWalker.StackFrame frame) {
    return ai.djl.training.ParameterStore.class.isAssignableFrom(frame.getDeclaringClass());
  }
}
