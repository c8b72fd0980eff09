// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.models.Bert;
import java.util.ArrayList;
import java.util.List;

/** The tensors of a {@link Bert} by their names in Hugging Face files, without a prefix. */
final class BertTensors {

  private static final long TYPES = 2;

  private final List<Wanted> all = new ArrayList<>();

  private BertTensors() {}

  static List<Wanted> of(Bert bert) {
    BertTensors tensors = new BertTensors();
    long width = bert.width();
    String tables = "embeddings.";
    tensors.table("embedding", tables + "word_embeddings", bert.vocabulary(), width);
    tensors.table("position", tables + "position_embeddings", bert.context(), width);
    tensors.table("type", tables + "token_type_embeddings", TYPES, width);
    tensors.norm("embeddingNorm", tables + "LayerNorm", width);
    for (int i = 0; i < bert.layers(); i++) {
      String ours = bert.layers() == 1 ? "layer." : "layer." + i + ".";
      String stored = "encoder.layer." + i + ".";
      for (String part : List.of("query", "key", "value")) {
        tensors.linear(ours + part, stored + "attention.self." + part, width, width);
      }
      tensors.linear(ours + "output", stored + "attention.output.dense", width, width);
      tensors.norm(ours + "attentionNorm", stored + "attention.output.LayerNorm", width);
      tensors.linear(ours + "hidden", stored + "intermediate.dense", bert.hidden(), width);
      tensors.linear(ours + "back", stored + "output.dense", width, bert.hidden());
      tensors.norm(ours + "norm", stored + "output.LayerNorm", width);
    }
    if (bert.output() == Bert.Output.VOCABULARY) {
      String head = "cls.predictions.";
      tensors.linear("transform", head + "transform.dense", width, width);
      tensors.norm("transformNorm", head + "transform.LayerNorm", width);
      tensors.all.add(Wanted.of("vocabularyBias", head + "bias", bert.vocabulary()));
    }
    return tensors.all;
  }

  private void table(String ours, String stored, long rows, long width) {
    all.add(Wanted.of(ours + ".weight", stored + ".weight", rows, width));
  }

  private void linear(String ours, String stored, long out, long in) {
    all.add(Wanted.of(ours + ".weight", stored + ".weight", out, in));
    all.add(Wanted.of(ours + ".bias", stored + ".bias", out));
  }

  private void norm(String ours, String stored, long width) {
    all.add(Wanted.of(ours + ".gamma", stored + ".weight", width));
    all.add(Wanted.of(ours + ".beta", stored + ".bias", width));
  }
}
