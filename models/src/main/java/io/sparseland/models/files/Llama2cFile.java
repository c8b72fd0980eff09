// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import ai.djl.nn.Block;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.models.Attention;
import io.sparseland.models.Decoder;
import io.sparseland.models.Rotary;
import io.sparseland.models.text.Llama2cTokenizer;
import io.sparseland.models.text.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model file of llama2.c (version 0), little-endian: seven int32 (width, hidden, layers, heads,
 * key and value heads, vocabulary, context; a negative vocabulary has an own output matrix), then
 * fp32, each tensor for all layers in turn, among them two tables of rotary cosines and sines,
 * which are not read.
 */
public final class Llama2cFile implements OpenModel {

  private static final int HEADER = 7 * Integer.BYTES;
  private static final float EPSILON = 1e-5f;
  private static final double BASE = 10_000;

  /** Parts of a layer in the order of the file. */
  private static final List<String> ORDER =
      List.of("attentionNorm", "query", "key", "value", "output", "norm", "gate", "down", "up");

  private final Decoder decoder;
  private final Path tokenizer;
  private final Map<String, FileTensor> tensors;

  private Llama2cFile(Decoder decoder, Path tokenizer, Map<String, FileTensor> tensors) {
    this.decoder = decoder;
    this.tokenizer = tokenizer;
    this.tensors = tensors;
  }

  /**
   * Opens a model.
   *
   * @param tokenizer the tokenizer's file, see {@link Llama2cTokenizer}
   * @throws FormatException if sizes do not fit together or the file is shorter or longer than they
   *     say
   * @throws IOException if the file is not there or cannot be read
   */
  public static Llama2cFile open(Path model, Path tokenizer) throws IOException {
    String file = model.toString();
    try (FileChannel channel = FileChannel.open(model)) {
      if (channel.size() < HEADER || channel.size() > Integer.MAX_VALUE) {
        throw new FormatException(
            file, 0, channel.size() + " bytes", HEADER + " to " + Integer.MAX_VALUE);
      }
      ByteBuffer bytes =
          channel
              .map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
              .order(ByteOrder.LITTLE_ENDIAN);
      Decoder decoder = decoder(file, bytes);
      bounded(file, bytes.limit(), decoder);
      return new Llama2cFile(decoder, tokenizer, tensors(file, bytes, decoder));
    }
  }

  /** Sizes of the model. */
  public Decoder decoder() {
    return decoder;
  }

  @Override
  public Block block() {
    return Wanted.fill(decoder.get(), tensors);
  }

  @Override
  public Block outline() {
    return decoder.get();
  }

  @Override
  public Tokenizer tokenizer() throws IOException {
    return Llama2cTokenizer.open(tokenizer, decoder.vocabulary());
  }

  private static Decoder decoder(String file, ByteBuffer bytes) {
    int[] header = new int[HEADER / Integer.BYTES];
    bytes.asIntBuffer().get(header);
    try {
      Rotary rotary = new Rotary(header[0] / Math.max(1, header[3]), BASE, Rotary.Pairs.NEIGHBOURS);
      return new Decoder(
          Math.abs(header[5]),
          header[6],
          header[2],
          header[0],
          header[1],
          new Attention(header[3], header[4], rotary),
          EPSILON,
          header[5] > 0);
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          file, 0, String.valueOf(e.getMessage()), "a header of llama2.c, version 0", e);
    }
  }

  /** Nothing is made for sizes that the file cannot hold. */
  private static void bounded(String file, long length, Decoder decoder) {
    double layer = (double) decoder.layers() * decoder.width() * (decoder.hidden() + 2.0);
    double tables = (double) decoder.vocabulary() * decoder.width();
    if (Float.BYTES * (layer + tables + decoder.context()) > length) {
      throw new FormatException(file, 0, length + " bytes for " + decoder, "as many as it needs");
    }
  }

  private static Map<String, FileTensor> tensors(String file, ByteBuffer bytes, Decoder decoder) {
    Map<String, Wanted> wanted = new HashMap<>();
    DecoderTensors.of(decoder).forEach(w -> wanted.put(w.parameter(), w));
    List<String> order = new ArrayList<>(List.of("embedding.weight"));
    for (String part : ORDER) {
      for (int i = 0; i < decoder.layers(); i++) {
        order.add((decoder.layers() == 1 ? "layer." : "layer." + i + ".") + part + ".weight");
      }
    }
    order.add("norm.weight");
    long tables = 2L * decoder.context() * (decoder.attention().rotary().width() / 2);
    long expected = HEADER + Float.BYTES * tables;
    for (Wanted w : wanted.values()) {
      expected = Math.addExact(expected, Math.multiplyExact(Float.BYTES, size(w)));
    }
    if (bytes.limit() != expected) {
      throw new FormatException(
          file,
          bytes.limit(),
          "the end of the file",
          "%d bytes for %s".formatted(expected, decoder));
    }
    Map<String, FileTensor> tensors = new LinkedHashMap<>();
    long at = HEADER;
    for (String name : order) {
      at = add(file, bytes, at, wanted.get(name), tensors);
    }
    if (!decoder.tied()) {
      add(file, bytes, at + Float.BYTES * tables, wanted.get("head.weight"), tensors);
    }
    return tensors;
  }

  private static long add(
      String file,
      ByteBuffer bytes,
      long at,
      @org.jspecify.annotations.Nullable Wanted wanted,
      Map<String, FileTensor> tensors) {
    if (wanted == null) {
      throw new IllegalStateException("a tensor of the file that the decoder does not have");
    }
    long length = Float.BYTES * size(wanted);
    ByteBuffer part = bytes.slice((int) at, Math.toIntExact(length)).order(ByteOrder.LITTLE_ENDIAN);
    tensors.put(
        wanted.parameter(),
        new FileTensor(file, wanted.parameter(), wanted.shape(), part::asFloatBuffer));
    return at + length;
  }

  private static long size(Wanted wanted) {
    return wanted.shape().stream().reduce(1L, Math::multiplyExact);
  }
}
