// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.sparseland.core.LayerType;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stops at every linear layer and convolution with a weight of the block; else changes nothing. */
abstract class LayerInterception extends Interception {

  private static final int INPUT = 0; // positions in linear(input, weight, bias) and
  private static final int WEIGHT = 1; // convolution(input, weight, bias, stride, padding, ...)

  private final Names names;
  private final IdentityHashMap<NDArray, String> layers = new IdentityHashMap<>();

  LayerInterception(Names names) {
    this.names = names;
  }

  /** Called before the layer computes. */
  abstract void before(String layer, NDArray weight, NDArray input, LayerUse use);

  /** Called with the layer's result; what it returns takes its place. */
  NDArray after(String layer, NDArray output) {
    return output;
  }

  final NDList forward(Block block, ParameterStore store, NDList inputs, boolean training) {
    NDList outputs = block.forward(wrap(store), wrap(inputs), training, null);
    NDList real = new NDList(outputs.size());
    outputs.forEach(o -> real.add(real(o)));
    return real;
  }

  @Override
  NDArray onParameter(Parameter parameter, NDArray real) {
    String name = names.nameOf(parameter);
    if (name != null) {
      layers.put(real, names.get(name).layer());
    }
    return real;
  }

  @Override
  boolean passesLifecycle() {
    return true;
  }

  @Override
  @Nullable Object read(Call call) {
    return call.invoke();
  }

  @Override
  @Nullable Object operation(Call call) {
    LayerUse use = use(call);
    NDArray weight = use == null ? null : real(call.args().get(WEIGHT));
    String layer = weight == null ? null : layers.get(weight);
    if (use == null || weight == null || layer == null) {
      return call.invoke();
    }
    before(layer, weight, real(call.args().get(INPUT)), use);
    if (!(call.invoke() instanceof NDList results)) {
      throw new IllegalStateException(call.method() + " returned no list");
    }
    return new NDList(after(layer, results.singletonOrThrow()));
  }

  private static @Nullable LayerUse use(Call call) {
    if (!call.internal()) {
      return null;
    }
    List<@Nullable Object> args = call.args();
    return switch (call.method().getName()) {
      case "linear" -> LayerUse.LINEAR;
      case "convolution" ->
          args.get(3) instanceof Shape stride
                  && args.get(4) instanceof Shape padding
                  && args.get(5) instanceof Shape dilation
                  && args.get(6) instanceof Integer groups
              ? new LayerUse(LayerType.CONVOLUTION, stride, padding, dilation, groups)
              : null;
      default -> null;
    };
  }

  private static NDArray real(@Nullable Object array) {
    if (array != null && ProxyHandler.real(array) instanceof NDArray real) {
      return real;
    }
    throw new IllegalStateException("expected an array, found " + array);
  }
}
