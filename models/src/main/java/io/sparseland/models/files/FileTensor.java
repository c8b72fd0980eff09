// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.kernels.format.FormatException;
import io.sparseland.kernels.format.SafeTensors;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A tensor of a model file, converted to fp32 when asked for.
 *
 * @param file path of the file
 * @param name in the file
 * @param shape sizes, outermost first
 * @param values row-major, from position to limit
 */
record FileTensor(String file, String name, List<Long> shape, Supplier<FloatBuffer> values) {

  /** Copies the shape. */
  FileTensor {
    shape = List.copyOf(shape);
  }

  /** All tensors of a safetensors file but padding. */
  static Map<String, FileTensor> all(Path file) throws NoSuchFileException {
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(file.toString());
    }
    Map<String, FileTensor> all = new LinkedHashMap<>();
    try (SafeTensors tensors = SafeTensors.open(file)) {
      for (SafeTensors.Info info : tensors.tensors()) {
        if (!info.name().startsWith(SafeTensors.PADDING)) {
          all.put(info.name(), of(file.toString(), tensors, info));
        }
      }
    }
    return all;
  }

  /** The data is mapped here, so the file may be closed. */
  private static FileTensor of(String file, SafeTensors tensors, SafeTensors.Info info) {
    ByteBuffer bytes = tensors.bytes(info.name());
    Supplier<FloatBuffer> values =
        switch (info.type()) {
          case F32 -> bytes::asFloatBuffer;
          case F16 -> () -> HalfFloats.fp16(bytes);
          case BF16 -> () -> HalfFloats.bf16(bytes);
          default ->
              throw new FormatException(
                  file,
                  info.begin(),
                  "tensor '%s' of type %s".formatted(info.name(), info.type()),
                  "F32, F16, BF16");
        };
    return new FileTensor(file, info.name(), info.shape(), values);
  }

  /** How many numbers a shape has; -1 for one that no file of ours can have. */
  static long count(List<Long> shape) {
    long count = 1;
    for (long size : shape) {
      if (size < 0 || size > Integer.MAX_VALUE || count * size > Integer.MAX_VALUE) {
        return -1;
      }
      count *= size;
    }
    return count;
  }

  /** The same matrix with rows and columns exchanged. */
  FileTensor transposed() {
    int rows = Math.toIntExact(shape.get(0));
    int columns = Math.toIntExact(shape.get(1));
    return new FileTensor(
        file,
        name,
        List.of(shape.get(1), shape.get(0)),
        () -> {
          FloatBuffer source = values.get();
          float[] turned = new float[rows * columns];
          for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
              turned[c * rows + r] = source.get(source.position() + r * columns + c);
            }
          }
          return FloatBuffer.wrap(turned);
        });
  }
}
