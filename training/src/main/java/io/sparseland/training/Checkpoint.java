// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.sparseland.core.Check;
import io.sparseland.core.Geometry;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.Pattern;
import io.sparseland.core.Torch;
import io.sparseland.core.graph.NamedParameter;
import io.sparseland.core.graph.Tracer;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.kernels.format.SafeTensors;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a model and its masks in one safetensors file.
 *
 * <p>Parameters are stored as F32 under their dotted names, the mask of layer {@code L} as its bits
 * under {@code L.mask}, with geometry and pattern in the file's metadata. The optimizer's state is
 * not stored. A file is written whole or not at all.
 *
 * @param masks of the stored model; of no layer if it was dense
 */
public record Checkpoint(Masks masks) {

  private static final String FORMAT = "format";
  private static final String VERSION = "sparseland-checkpoint-1";
  private static final String MASK = ".mask";
  private static final int GEOMETRY_NUMBERS = 6; // and the pattern behind them

  /**
   * Writes a model.
   *
   * @param model with an initialised block of fp32 parameters
   * @param masks of its layers; {@code Sparsity.masks()}
   */
  public static void save(Path file, Model model, Masks masks) {
    List<SafeTensors.Entry> entries = new ArrayList<>();
    Map<String, String> metadata = new TreeMap<>(Map.of(FORMAT, VERSION));
    parameters(model)
        .forEach(
            (name, parameter) -> {
              NDArray array = parameter.getArray();
              List<Long> shape = Arrays.stream(array.getShape().getShape()).boxed().toList();
              entries.add(
                  new SafeTensors.Entry(
                      name, SafeTensors.Type.F32, shape, array.toByteBuffer(true)));
            });
    masks
        .byLayer()
        .forEach(
            (layer, mask) -> {
              entries.add(SafeTensors.Entry.bits(layer + MASK, LongBuffer.wrap(mask.words())));
              metadata.put(layer + MASK, describe(mask));
            });
    SafeTensors.write(file, entries, metadata);
  }

  /**
   * Reads parameters into a model; nothing changes if the file and the model do not fit.
   *
   * @param model with an initialised block of the stored architecture
   * @throws FormatException for a file that is no checkpoint or damaged
   * @throws IllegalArgumentException for parameters that are missing, left over or of another shape
   */
  public static Checkpoint load(Path file, Model model) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      Map<String, String> metadata = new LinkedHashMap<>(tensors.metadata());
      String format = metadata.remove(FORMAT);
      if (!VERSION.equals(format)) {
        throw new FormatException(
            file.toString(), FormatException.NOWHERE, FORMAT + " " + format, VERSION);
      }
      Map<String, Mask> masks = new LinkedHashMap<>();
      metadata.forEach(
          (name, text) ->
              masks.put(
                  name.substring(0, Math.max(0, name.length() - MASK.length())),
                  mask(file, tensors, name, text)));
      Map<String, Parameter> parameters = parameters(model);
      checkFit(file, tensors, parameters, metadata);
      copy(tensors, parameters, model.getNDManager());
      return new Checkpoint(new Masks(masks));
    }
  }

  /**
   * How training goes on from here.
   *
   * @param use what becomes of the stored masks; has to be said, as each choice trains another
   *     model
   * @param next the sparsity to go on with; not used to {@link StoredMasks#FREEZE}
   */
  public Sparsity resume(StoredMasks use, Sparsity next) {
    return switch (use) {
      case FREEZE -> Sparsity.holding(masks);
      case INHERIT -> next.startingFrom(masks);
      case FRESH -> next;
    };
  }

  private static Map<String, Parameter> parameters(Model model) {
    Shape[] inputs = model.getBlock().describeInput().values().toArray(new Shape[0]);
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    for (NamedParameter named : Tracer.trace(model.getBlock(), inputs).parameters()) {
      Check.that(
          named.parameter().getArray().getDataType() == DataType.FLOAT32,
          "parameter '%s' is %s, allowed: float32",
          named.name(),
          named.parameter().getArray().getDataType());
      parameters.put(named.name(), named.parameter());
    }
    return parameters;
  }

  private static void checkFit(
      Path file,
      SafeTensors tensors,
      Map<String, Parameter> parameters,
      Map<String, String> masks) {
    parameters.forEach(
        (name, parameter) -> {
          Shape wanted = parameter.getArray().getShape();
          String found =
              tensors.find(name).map(info -> info.type() + " " + info.shape()).orElse("nothing");
          String allowed = "F32 " + Arrays.toString(wanted.getShape());
          Check.that(
              found.equals(allowed),
              "%s has %s for parameter '%s', the model needs %s",
              file,
              found,
              name,
              allowed);
        });
    for (SafeTensors.Info info : tensors.tensors()) {
      Check.that(
          parameters.containsKey(info.name())
              || masks.containsKey(info.name())
              || info.name().startsWith(SafeTensors.PADDING),
          "%s has a tensor '%s', the model has no such parameter",
          file,
          info.name());
    }
  }

  private static void copy(
      SafeTensors tensors, Map<String, Parameter> parameters, NDManager manager) {
    Torch.withoutGradients(
        () ->
            parameters.forEach(
                (name, parameter) -> {
                  NDArray target = parameter.getArray();
                  try (NDArray stored = manager.create(target.getShape(), DataType.FLOAT32)) {
                    stored.toByteBuffer(true).put(tensors.bytes(name));
                    target.set(new NDIndex(":"), stored); // in place, unlike copyTo
                  }
                }));
  }

  private static String describe(Mask mask) {
    Geometry g = mask.geometry();
    return "%d,%d,%d,%d,%d,%d,%s"
        .formatted(
            g.out(),
            g.in(),
            g.channels(),
            g.kernelH(),
            g.kernelW(),
            g.groups(),
            mask.pattern().text());
  }

  private static Mask mask(Path file, SafeTensors tensors, String name, String text) {
    String[] parts = text.split(",", GEOMETRY_NUMBERS + 1);
    if (parts.length != GEOMETRY_NUMBERS + 1
        || !name.endsWith(MASK)
        || tensors.find(name).isEmpty()) {
      throw damaged(file, name, text, null);
    }
    try {
      int[] n = Arrays.stream(parts, 0, GEOMETRY_NUMBERS).mapToInt(Integer::parseInt).toArray();
      Geometry geometry = new Geometry(n[0], n[1], n[2], n[3], n[4], n[5]);
      LongBuffer bits = tensors.bytes(name).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
      long[] words = new long[bits.remaining()];
      bits.get(words);
      return Mask.of(geometry, Pattern.parse(parts[GEOMETRY_NUMBERS]), words);
    } catch (IllegalArgumentException e) {
      throw damaged(file, name, text, e);
    }
  }

  private static FormatException damaged(
      Path file, String name, String text, @Nullable Exception cause) {
    String found = "mask '%s' described as '%s'".formatted(name, text);
    String allowed = "<layer>.mask: out,in,channels,kernelH,kernelW,groups,pattern";
    return cause == null
        ? new FormatException(file.toString(), FormatException.NOWHERE, found, allowed)
        : new FormatException(file.toString(), FormatException.NOWHERE, found, allowed, cause);
  }
}
