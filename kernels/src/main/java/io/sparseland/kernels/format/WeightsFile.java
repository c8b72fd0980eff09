// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import io.sparseland.kernels.TypedValues;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * The weights of a model directory: of a dense tensor its values, of a masked one the kept values
 * and the mask, of an int8 one the scales as well.
 */
final class WeightsFile {

  private static final String VALUES_SUFFIX = ".values";
  private static final String MASK_SUFFIX = ".mask";
  private static final String SCALE_SUFFIX = ".scale";

  private final String file;
  private final SafeTensors weights;

  private WeightsFile(Path file, SafeTensors weights) {
    this.file = file.toString();
    this.weights = weights;
  }

  /**
   * An open file with these tensors.
   *
   * @throws FormatException if it holds others
   */
  static WeightsFile of(Path file, SafeTensors opened, List<ModelJson.Stored> records) {
    WeightsFile weights = new WeightsFile(file, opened);
    weights.check(records);
    return weights;
  }

  /** What the file holds of a tensor. */
  static List<SafeTensors.Entry> entries(StoredTensor tensor) {
    List<SafeTensors.Entry> entries = new ArrayList<>();
    TypedValues data = tensor.data();
    LongBuffer mask = tensor.mask();
    FloatBuffer scales = data.scales();
    List<Integer> shape = mask == null ? tensor.shape() : List.of(tensor.kept());
    entries.add(
        new SafeTensors.Entry(
            mask == null ? tensor.name() : tensor.name() + VALUES_SUFFIX,
            ModelJson.storedType(data.type()),
            shape.stream().map(Integer::longValue).toList(),
            data.bytes()));
    if (scales != null) {
      entries.add(
          SafeTensors.Entry.floats(tensor.name() + SCALE_SUFFIX, List.of(scales.limit()), scales));
    }
    if (mask != null) {
      entries.add(SafeTensors.Entry.bits(tensor.name() + MASK_SUFFIX, mask));
    }
    return entries;
  }

  /** The file must hold exactly the tensors of the records, with type, shape, alignment. */
  private void check(List<ModelJson.Stored> records) {
    Set<String> expected = new HashSet<>();
    for (ModelJson.Stored record : records) {
      ModelSummary.Tensor tensor = record.tensor();
      String name = tensor.name();
      List<Long> shape = tensor.shape().stream().map(Integer::longValue).toList();
      List<Entry> entries = new ArrayList<>();
      SafeTensors.Type type = ModelJson.storedType(tensor.type());
      if (tensor.masked()) {
        entries.add(new Entry(name + VALUES_SUFFIX, type, List.of((long) tensor.kept())));
        List<Long> bytes = List.of(8L * StoredTensor.words(tensor.elements()));
        entries.add(new Entry(name + MASK_SUFFIX, SafeTensors.Type.U8, bytes));
      } else {
        entries.add(new Entry(name, type, shape));
      }
      if (tensor.scales() > 0) {
        List<Long> rows = List.of((long) tensor.scales());
        entries.add(new Entry(name + SCALE_SUFFIX, SafeTensors.Type.F32, rows));
      }
      entries.forEach(entry -> check(entry, expected));
    }
    for (SafeTensors.Info info : weights.tensors()) {
      boolean padding =
          info.name().startsWith(SafeTensors.PADDING)
              && info.type() == SafeTensors.Type.U8
              && info.bytes() < SafeTensors.ALIGNMENT;
      if (!expected.contains(info.name()) && !padding) {
        throw new FormatException(
            file,
            info.begin(),
            "tensor '" + info.name() + "'",
            "only those of " + ModelDirectory.MODEL);
      }
      if (padding) {
        checkZero(info, weights.bytes(info.name()));
      }
    }
  }

  /** Padding has no checksum of its own, as its bytes are known. */
  private void checkZero(SafeTensors.Info padding, ByteBuffer bytes) {
    for (int i = 0; i < bytes.limit(); i++) {
      if (bytes.get(i) != 0) {
        throw new FormatException(
            file,
            padding.begin() + i,
            "byte %d in '%s'".formatted(bytes.get(i), padding.name()),
            "0: the data was changed");
      }
    }
  }

  /** What the weights file must hold under a name. */
  private record Entry(String name, SafeTensors.Type type, List<Long> shape) {}

  private void check(Entry entry, Set<String> expected) {
    String name = entry.name();
    String allowed =
        "'%s' %s %s, by %s".formatted(name, entry.type(), entry.shape(), ModelDirectory.MODEL);
    if (!expected.add(name)) {
      throw new FormatException(file, FormatException.NOWHERE, "'" + name + "' twice", "once");
    }
    SafeTensors.Info info = weights.find(name).orElse(null);
    if (info == null) {
      throw new FormatException(file, FormatException.NOWHERE, "no such tensor", allowed);
    }
    if (info.type() != entry.type() || !info.shape().equals(entry.shape())) {
      throw new FormatException(file, info.begin(), info.type() + " " + info.shape(), allowed);
    }
    if (info.begin() % SafeTensors.ALIGNMENT != 0) {
      throw new FormatException(
          file, info.begin(), "the start of '" + name + "'", "a multiple of 64 bytes");
    }
  }

  /**
   * Reads a tensor.
   *
   * @throws FormatException if it is damaged
   */
  StoredTensor read(ModelJson.Stored record) {
    ModelSummary.Tensor tensor = record.tensor();
    boolean masked = tensor.masked();
    String name = masked ? tensor.name() + VALUES_SUFFIX : tensor.name();
    FloatBuffer scales = null;
    if (record.scalesCrc() != null) {
      String scaleName = tensor.name() + SCALE_SUFFIX;
      scales = data(scaleName, record.scalesCrc()).asFloatBuffer();
    }
    ByteBuffer bytes = data(name, record.valuesCrc());
    TypedValues values = new TypedValues(tensor.type(), bytes, scales);
    checkFinite(tensor, values);
    LongBuffer mask = null;
    if (masked) {
      String maskName = tensor.name() + MASK_SUFFIX;
      int crc = Objects.requireNonNull(record.maskCrc());
      mask = data(maskName, crc).asLongBuffer();
    }
    try {
      return new StoredTensor(
          tensor.name(), tensor.shape(), tensor.pattern(), mask, values, tensor.choice());
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          file, FormatException.NOWHERE, String.valueOf(e.getMessage()), "a sound tensor", e);
    }
  }

  private void checkFinite(ModelSummary.Tensor tensor, TypedValues values) {
    String name = tensor.masked() ? tensor.name() + VALUES_SUFFIX : tensor.name();
    int index = values.firstNotFinite();
    if (index >= 0) {
      throw new FormatException(
          file,
          begin(name) + (long) tensor.type().bytes() * index,
          values.get(index) + " in '" + name + "'",
          "finite numbers");
    }
    FloatBuffer scales = values.scales();
    int row = values.firstBadScale();
    if (scales != null && row >= 0) {
      String scaleName = tensor.name() + SCALE_SUFFIX;
      throw new FormatException(
          file,
          begin(scaleName) + 4L * row,
          scales.get(row) + " in '" + scaleName + "'",
          "finite numbers of 0 or more");
    }
  }

  private ByteBuffer data(String name, int crc) {
    ByteBuffer bytes;
    try {
      bytes = weights.bytes(name);
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          file, begin(name), String.valueOf(e.getMessage()), "less than 2 GiB", e);
    }
    CRC32C computed = new CRC32C();
    computed.update(bytes.duplicate());
    if ((int) computed.getValue() != crc) {
      throw new FormatException(
          file,
          begin(name),
          "CRC-32C %s of '%s'".formatted(ModelJson.hex((int) computed.getValue()), name),
          ModelJson.hex(crc) + ", as written: the data was changed");
    }
    return bytes;
  }

  private long begin(String name) {
    return weights.find(name).map(SafeTensors.Info::begin).orElse(FormatException.NOWHERE);
  }
}
