// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.Check;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.kernels.format.SafeTensors;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a training needs to go on to the bit, by name: arrays, whole numbers and texts. Each part of
 * a training puts its own in and takes it out; on disk it is one safetensors file.
 */
final class TrainState {

  private static final String FORMAT = "format";
  private static final String VERSION = "sparseland-training-1";

  private final Map<String, List<Long>> shapes = new TreeMap<>();
  private final Map<String, float[]> arrays = new TreeMap<>(); // of the same names
  private final Map<String, long[]> numbers = new TreeMap<>();
  private final Map<String, String> texts = new TreeMap<>();

  /** Puts in a copy of fp32 values; an array without elements is left out. */
  void put(String name, NDArray array) {
    if (array.size() > 0) {
      List<Long> shape = Arrays.stream(array.getShape().getShape()).boxed().toList();
      shapes.put(name, shape);
      arrays.put(name, array.toFloatArray());
    }
  }

  void put(String name, long... values) {
    numbers.put(name, values.clone());
  }

  void put(String name, String text) {
    texts.put(name, text);
  }

  /** Names of arrays that begin so, without that beginning. */
  List<String> arrays(String beginning) {
    return after(arrays, beginning);
  }

  /** Names of numbers that begin so, without that beginning. */
  List<String> numbers(String beginning) {
    return after(numbers, beginning);
  }

  private static List<String> after(Map<String, ?> all, String beginning) {
    return all.keySet().stream()
        .filter(name -> name.startsWith(beginning))
        .map(name -> name.substring(beginning.length()))
        .toList();
  }

  /** The array, made anew. */
  NDArray array(String name, NDManager manager) {
    List<Long> shape = found(shapes, name);
    return manager.create(
        found(arrays, name), new Shape(shape.stream().mapToLong(Long::longValue).toArray()));
  }

  /** Copies values into an array of the same size; one without elements is left alone. */
  void fill(String name, NDArray into) {
    if (into.size() == 0) {
      return;
    }
    try (NDArray stored = array(name, into.getManager())) {
      Check.that(
          stored.getShape().equals(into.getShape()),
          "the stopped training has %s for '%s', this one needs %s",
          stored.getShape(),
          name,
          into.getShape());
      into.set(new NDIndex(":"), stored);
    }
  }

  long[] numbersOf(String name) {
    return found(numbers, name).clone();
  }

  long number(String name) {
    return numbersOf(name)[0];
  }

  String text(String name) {
    return found(texts, name);
  }

  /**
   * Refuses to go on with other settings.
   *
   * @throws IllegalArgumentException saying both
   */
  void check(String name, String present) {
    Check.that(
        present.equals(text(name)),
        "the stopped training had %s '%s', this one has '%s'",
        name,
        text(name),
        present);
  }

  private static <T> T found(Map<String, T> all, String name) {
    T found = all.get(name);
    if (found == null) {
      throw new IllegalArgumentException("the stopped training has nothing for '" + name + "'");
    }
    return found;
  }

  /** Writes the file, whole or not at all. */
  void write(Path file) {
    List<SafeTensors.Entry> entries = new ArrayList<>();
    arrays.forEach(
        (name, values) ->
            entries.add(
                new SafeTensors.Entry(
                    name,
                    SafeTensors.Type.F32,
                    found(shapes, name),
                    FloatBuffer.wrap(values))));
    numbers.forEach(
        (name, values) ->
            entries.add(
                new SafeTensors.Entry(
                    name,
                    SafeTensors.Type.I64,
                    List.of((long) values.length),
                    LongBuffer.wrap(values))));
    Map<String, String> metadata = new TreeMap<>(texts);
    metadata.put(FORMAT, VERSION);
    SafeTensors.write(file, entries, metadata);
  }

  /**
   * Reads a file.
   *
   * @throws FormatException for any other file
   */
  static TrainState read(Path file) {
    TrainState state = new TrainState();
    try (SafeTensors tensors = SafeTensors.open(file)) {
      state.texts.putAll(tensors.metadata());
      String format = state.texts.remove(FORMAT);
      if (!VERSION.equals(format)) {
        throw new FormatException(
            file.toString(), FormatException.NOWHERE, FORMAT + " " + format, VERSION);
      }
      for (SafeTensors.Info info : tensors.tensors()) {
        if (info.type() == SafeTensors.Type.I64) {
          LongBuffer values =
              tensors.bytes(info.name()).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
          long[] all = new long[values.remaining()];
          values.get(all);
          state.numbers.put(info.name(), all);
        } else if (info.type() == SafeTensors.Type.F32) {
          FloatBuffer values = tensors.floats(info.name());
          float[] all = new float[values.remaining()];
          values.get(all);
          state.shapes.put(info.name(), info.shape());
          state.arrays.put(info.name(), all);
        }
      }
    }
    return state;
  }
}
