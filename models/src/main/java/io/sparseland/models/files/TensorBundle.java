// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.kernels.format.FormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The fp32 variables of a TensorFlow checkpoint of one shard: a {@link SortedTable} of places, and
 * the data. The checksum of a variable is compared when its values are read.
 */
final class TensorBundle {

  private static final int TYPE = 1; // field numbers of BundleEntryProto
  private static final int SHAPE = 2;
  private static final int SHARD = 3;
  private static final int OFFSET = 4;
  private static final int SIZE = 5;
  private static final int CHECKSUM = 6;
  private static final int SHAPE_SIZES = 2; // of TensorShapeProto
  private static final int FLOAT = 1;
  private static final int MASK = 0xa282ead8; // TensorFlow turns and shifts its checksums

  private final String file;
  private final ByteBuffer data;

  private TensorBundle(String file, ByteBuffer data) {
    this.file = file;
    this.data = data;
  }

  /**
   * Reads the places of all variables.
   *
   * @param file for messages
   * @throws FormatException if the index is damaged or tells of another type or shard
   */
  static Map<String, FileTensor> read(String file, ByteBuffer index, ByteBuffer data) {
    TensorBundle bundle = new TensorBundle(file, data);
    Map<String, FileTensor> all = new LinkedHashMap<>();
    SortedTable.read(file, index)
        .forEach(
            (name, entry) -> {
              if (!name.isEmpty()) { // the header
                all.put(name, bundle.tensor(name, new WireReader(file, entry)));
              }
            });
    return all;
  }

  private FileTensor tensor(String name, WireReader entry) {
    List<Long> shape = new ArrayList<>();
    long type = 0;
    long shard = 0;
    long offset = 0;
    long size = 0;
    int checksum = 0;
    while (entry.next()) {
      switch (entry.field()) {
        case TYPE -> type = entry.number();
        case SHAPE -> sizes(entry.message(), shape);
        case SHARD -> shard = entry.number();
        case OFFSET -> offset = entry.number();
        case SIZE -> size = entry.number();
        case CHECKSUM -> checksum = entry.fixed32();
        default -> entry.skip();
      }
    }
    long expected = Float.BYTES * FileTensor.count(shape);
    if (type != FLOAT
        || shard != 0
        || size != expected
        || size < 0
        || offset < 0
        || offset > data.limit() - size) {
      throw new FormatException(
          file,
          offset,
          "variable '%s' of type %d, shape %s, %d bytes, shard %d"
              .formatted(name, type, shape, size, shard),
          "type 1 (fp32) in shard 0, inside the data");
    }
    ByteBuffer values = data.slice((int) offset, (int) size).order(ByteOrder.LITTLE_ENDIAN);
    int right = checksum;
    return new FileTensor(
        file,
        name,
        shape,
        () -> {
          check(name, values, right);
          return values.asFloatBuffer();
        });
  }

  private void check(String name, ByteBuffer values, int right) {
    CRC32C crc = new CRC32C();
    crc.update(values.duplicate());
    int found = Integer.rotateRight((int) crc.getValue(), 15) + MASK;
    if (found != right) {
      throw new FormatException(
          file,
          FormatException.NOWHERE,
          "checksum %08x of variable '%s'".formatted(found, name),
          "%08x".formatted(right));
    }
  }

  private static void sizes(WireReader message, List<Long> shape) {
    while (message.next()) {
      if (message.field() == SHAPE_SIZES) {
        WireReader dimension = message.message();
        while (dimension.next()) {
          if (dimension.field() == 1) {
            shape.add(dimension.number());
          } else {
            dimension.skip();
          }
        }
      } else {
        message.skip();
      }
    }
  }
}
