// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.kernels.format.SafeTensors;
import io.sparseland.models.Attention;
import io.sparseland.models.Decoder;
import io.sparseland.models.Rotary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** A decoder of a few hundred weights, drawn from a seed, and its files. */
record TinyDecoder(Decoder sizes, Map<String, float[]> weights) {

  /** Weights are multiples of 1/256 below 1, so that fp16 and bf16 hold them exactly. */
  static TinyDecoder of(Rotary.Pairs pairs, boolean tied) {
    Attention attention = new Attention(4, 2, new Rotary(6, 100, pairs));
    return of(new Decoder(11, 8, 2, 24, 10, attention, 1e-5f, tied));
  }

  /** One that fits a file of llama2.c: neighbouring pairs, base 10000. */
  static TinyDecoder llama2c(boolean tied) {
    Rotary rotary = new Rotary(6, 10_000, Rotary.Pairs.NEIGHBOURS);
    return of(new Decoder(11, 8, 2, 24, 10, new Attention(4, 2, rotary), 1e-5f, tied));
  }

  /** The same with a vocabulary of 266 pieces and a context of 32. */
  static TinyDecoder stories() {
    Rotary rotary = new Rotary(6, 10_000, Rotary.Pairs.NEIGHBOURS);
    return of(new Decoder(266, 32, 2, 24, 12, new Attention(4, 2, rotary), 1e-5f, true));
  }

  private static TinyDecoder of(Decoder sizes) {
    Random random = new Random(5);
    Map<String, float[]> weights = new LinkedHashMap<>();
    for (Wanted wanted : DecoderTensors.of(sizes)) {
      float[] values = new float[Math.toIntExact(size(wanted))];
      for (int i = 0; i < values.length; i++) {
        values[i] = (random.nextInt(255) - 127) / 256f;
      }
      weights.put(wanted.parameter(), values);
    }
    return new TinyDecoder(sizes, weights);
  }

  float[] weight(String parameter) {
    return Objects.requireNonNull(weights.get(parameter), parameter);
  }

  DecoderTwin twin() {
    return new DecoderTwin(sizes, weights);
  }

  /** The tensors of a Hugging Face file. */
  List<SafeTensors.Entry> entries(SafeTensors.Type type) {
    List<SafeTensors.Entry> entries = new ArrayList<>();
    for (Wanted wanted : DecoderTensors.of(sizes)) {
      ByteBuffer bytes = bytes(type, weight(wanted.parameter()));
      entries.add(new SafeTensors.Entry(wanted.stored(), type, wanted.shape(), bytes));
    }
    return entries;
  }

  Path config(Path folder) throws IOException {
    Attention attention = sizes.attention();
    return Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "llama", "hidden_act": "silu", "vocab_size": %d,
         "max_position_embeddings": %d, "num_hidden_layers": %d, "hidden_size": %d,
         "intermediate_size": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
         "head_dim": %d, "rope_theta": %s, "rms_norm_eps": 1e-5, "tie_word_embeddings": %s,
         "bos_token_id": 0}
        """
            .formatted(
                sizes.vocabulary(),
                sizes.context(),
                sizes.layers(),
                sizes.width(),
                sizes.hidden(),
                attention.heads(),
                attention.keyValueHeads(),
                attention.rotary().width(),
                attention.rotary().base(),
                sizes.tied()));
  }

  private static ByteBuffer bytes(SafeTensors.Type type, float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(type.bytes() * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      switch (type) {
        case F32 -> bytes.putFloat(value);
        case BF16 -> bytes.putShort((short) (Float.floatToIntBits(value) >>> 16));
        case F16 -> bytes.putShort(half(value));
        default -> throw new IllegalArgumentException(type.toString());
      }
    }
    return bytes.flip();
  }

  /** For multiples of 1/256 below 1: sign, exponent and the ten upper bits of the fraction. */
  private static short half(float value) {
    if (value == 0) {
      return 0;
    }
    int bits = Float.floatToIntBits(value);
    int exponent = (bits >>> 23 & 0xff) - 127 + 15;
    return (short) ((bits >>> 16 & 0x8000) | exponent << 10 | (bits >>> 13 & 0x3ff));
  }

  static long size(Wanted wanted) {
    return wanted.shape().stream().reduce(1L, (a, b) -> a * b);
  }
}
