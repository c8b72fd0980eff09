// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.models.Decoder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tensors of a {@link Decoder} by their names in Hugging Face files. */
final class DecoderTensors {

  private DecoderTensors() {}

  static List<Wanted> of(Decoder decoder) {
    long width = decoder.width();
    long hidden = decoder.hidden();
    long queries = decoder.attention().queryWidth();
    long keys = decoder.attention().keyWidth();
    List<Wanted> all = new ArrayList<>();
    all.add(
        Wanted.of("embedding.weight", "model.embed_tokens.weight", decoder.vocabulary(), width));
    for (int i = 0; i < decoder.layers(); i++) {
      String ours = decoder.layers() == 1 ? "layer." : "layer." + i + ".";
      String stored = "model.layers." + i + ".";
      all.add(Wanted.of(ours + "attentionNorm.weight", stored + "input_layernorm.weight", width));
      all.add(Wanted.of(ours + "query.weight", stored + "self_attn.q_proj.weight", queries, width));
      all.add(Wanted.of(ours + "key.weight", stored + "self_attn.k_proj.weight", keys, width));
      all.add(Wanted.of(ours + "value.weight", stored + "self_attn.v_proj.weight", keys, width));
      all.add(
          Wanted.of(ours + "output.weight", stored + "self_attn.o_proj.weight", width, queries));
      all.add(Wanted.of(ours + "norm.weight", stored + "post_attention_layernorm.weight", width));
      all.add(Wanted.of(ours + "gate.weight", stored + "mlp.gate_proj.weight", hidden, width));
      all.add(Wanted.of(ours + "up.weight", stored + "mlp.up_proj.weight", hidden, width));
      all.add(Wanted.of(ours + "down.weight", stored + "mlp.down_proj.weight", width, hidden));
    }
    all.add(Wanted.of("norm.weight", "model.norm.weight", width));
    if (!decoder.tied()) {
      all.add(Wanted.of("head.weight", "lm_head.weight", decoder.vocabulary(), width));
    }
    return all;
  }

  /** What the biases of {@link Decoder#withBiases} hold at first. */
  static Map<String, FileTensor> zeroBiases(Decoder decoder) {
    Map<String, FileTensor> zeros = new LinkedHashMap<>();
    List<Long> shape = List.of((long) decoder.width());
    for (int i = 0; i < decoder.layers(); i++) {
      String ours = decoder.layers() == 1 ? "layer." : "layer." + i + ".";
      for (String name : List.of(ours + "output.bias", ours + "down.bias")) {
        zeros.put(
            name, new FileTensor("", name, shape, () -> FloatBuffer.allocate(decoder.width())));
      }
    }
    return zeros;
  }
}
