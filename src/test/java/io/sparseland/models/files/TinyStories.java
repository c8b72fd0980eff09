// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.models.Decoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Files of llama2.c for a {@link TinyDecoder}. */
public final class TinyStories {

  /** Pieces behind the 259 fixed ones, with scores. */
  public static final List<String> PIECES = List.of(" ", "a", "b", "ab", "ba", " a", "aba");

  private static final float[] SCORES = {-9, -9, -9, -2, -1, -3, -4};
  private static final int FIXED = 259;

  private TinyStories() {}

  /** Writes {@code tiny.bin} and {@code tok.bin}: 266 pieces, context 32. */
  public static void write(Path folder) throws IOException {
    Files.write(folder.resolve("tiny.bin"), model(TinyDecoder.stories()));
    Files.write(folder.resolve("tok.bin"), tokenizer());
  }

  /** A tokenizer's file. */
  public static byte[] tokenizer() {
    ByteBuffer out = ByteBuffer.allocate(1 << 13).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(8);
    for (int i = 0; i < FIXED + SCORES.length; i++) {
      String text = i < FIXED ? "<" + i + ">" : PIECES.get(i - FIXED);
      byte[] piece = text.getBytes(StandardCharsets.UTF_8);
      out.putFloat(i < FIXED ? 0 : SCORES[i - FIXED]).putInt(piece.length).put(piece);
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  /** A model's file. */
  static byte[] model(TinyDecoder tiny) {
    Decoder sizes = tiny.sizes();
    ByteBuffer out = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(sizes.width()).putInt(sizes.hidden()).putInt(sizes.layers());
    out.putInt(sizes.attention().heads()).putInt(sizes.attention().keyValueHeads());
    out.putInt(sizes.tied() ? sizes.vocabulary() : -sizes.vocabulary()).putInt(sizes.context());
    put(out, tiny, "embedding.weight");
    for (String part :
        List.of("attentionNorm", "query", "key", "value", "output", "norm", "gate", "down", "up")) {
      for (int i = 0; i < sizes.layers(); i++) {
        put(out, tiny, "layer." + i + "." + part + ".weight");
      }
    }
    put(out, tiny, "norm.weight");
    for (int i = 0; i < sizes.context() * sizes.attention().rotary().width(); i++) {
      out.putFloat(99); // rotary tables are not read
    }
    if (!sizes.tied()) {
      put(out, tiny, "head.weight");
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  private static void put(ByteBuffer out, TinyDecoder tiny, String name) {
    for (float value : tiny.weight(name)) {
      out.putFloat(value);
    }
  }
}
