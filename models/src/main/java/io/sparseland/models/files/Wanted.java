// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import io.sparseland.kernels.format.FormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A tensor that a model needs from its file.
 *
 * @param parameter path of the parameter in the block: {@code layer.0.query.weight}
 * @param stored name in the file
 * @param shape it must have there
 */
record Wanted(String parameter, String stored, List<Long> shape) {

  private static final int NAMED = 3; // names in a message

  static Wanted of(String parameter, String stored, long... shape) {
    return new Wanted(parameter, stored, java.util.Arrays.stream(shape).boxed().toList());
  }

  /**
   * The wanted tensors by parameter.
   *
   * @param file for messages
   * @param found everything that the model's files hold
   * @throws FormatException for what is missing, misshaped or surplus
   */
  static Map<String, FileTensor> pick(
      String file, Map<String, FileTensor> found, List<Wanted> wanted) {
    Set<String> surplus = new TreeSet<>(found.keySet());
    List<String> missing = new ArrayList<>();
    Map<String, FileTensor> picked = new LinkedHashMap<>();
    for (Wanted want : wanted) {
      FileTensor tensor = found.get(want.stored());
      surplus.remove(want.stored());
      if (tensor == null) {
        missing.add(want.stored());
      } else if (tensor.shape().equals(want.shape())) {
        picked.put(want.parameter(), tensor);
      } else {
        throw new FormatException(
            tensor.file(),
            FormatException.NOWHERE,
            "tensor '%s' of shape %s".formatted(want.stored(), tensor.shape()),
            want.shape() + ", by the model's configuration");
      }
    }
    if (!missing.isEmpty()) {
      throw new FormatException(
          file,
          FormatException.NOWHERE,
          "no tensor " + names(missing),
          "all %d tensors that the model's configuration asks for".formatted(wanted.size()));
    }
    if (!surplus.isEmpty()) {
      throw new FormatException(
          file,
          FormatException.NOWHERE,
          "tensor %s, for which the model has no place".formatted(names(List.copyOf(surplus))),
          "the %d tensors that the model's configuration asks for".formatted(wanted.size()));
    }
    return picked;
  }

  private static String names(List<String> all) {
    String first = all.stream().limit(NAMED).collect(Collectors.joining("', '", "'", "'"));
    return all.size() <= NAMED ? first : first + " and %d more".formatted(all.size() - NAMED);
  }

  /** Lets a fresh block take these values when it is initialised. */
  static Block fill(Block block, Map<String, FileTensor> tensors) {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    collect(block, "", parameters);
    if (!parameters.keySet().equals(tensors.keySet())) {
      throw new IllegalStateException(
          "block has %s, importer %s".formatted(parameters.keySet(), tensors.keySet()));
    }
    parameters.forEach(
        (name, parameter) -> {
          FileTensor tensor = tensors.get(name);
          if (tensor != null) {
            parameter.setInitializer((manager, shape, type) -> array(manager, shape, tensor));
          }
        });
    return block;
  }

  private static NDArray array(NDManager manager, Shape shape, FileTensor tensor) {
    FloatBuffer values = tensor.values().get();
    if (values.remaining() != shape.size()) {
      throw new IllegalStateException(tensor + " for a parameter of " + shape);
    }
    ByteBuffer own =
        manager
            .allocateDirect(Math.multiplyExact(Float.BYTES, values.remaining()))
            .order(ByteOrder.nativeOrder());
    FloatBuffer target = own.asFloatBuffer();
    for (int i = 0; i < shape.size(); i++) {
      float value = values.get();
      if (!Float.isFinite(value)) {
        throw new FormatException(
            tensor.file(),
            FormatException.NOWHERE,
            "%s at index %d of tensor '%s'".formatted(value, i, tensor.name()),
            "finite numbers");
      }
      target.put(value);
    }
    return manager.create(own, shape, DataType.FLOAT32);
  }

  /** Paths of parameters: as layers are named, siblings of one name numbered from 0. */
  private static void collect(Block block, String path, Map<String, Parameter> all) {
    for (Pair<String, Parameter> p : block.getDirectParameters()) {
      all.put(path + p.getKey(), p.getValue());
    }
    Map<String, Integer> count = new HashMap<>();
    for (Pair<String, Block> child : block.getChildren()) {
      count.merge(child.getKey().substring(2), 1, Integer::sum);
    }
    Map<String, Integer> next = new HashMap<>();
    for (Pair<String, Block> child : block.getChildren()) {
      String name = child.getKey().substring(2); // DJL's keys begin with two digits
      String number =
          count.getOrDefault(name, 0) > 1 ? "." + (next.merge(name, 1, Integer::sum) - 1) : "";
      collect(child.getValue(), path + name + number + ".", all);
    }
  }
}
