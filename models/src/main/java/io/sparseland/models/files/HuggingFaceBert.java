// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import ai.djl.nn.Block;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.models.Bert;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.models.text.TokenizerJson;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A model folder of Hugging Face whose {@code config.json} is of type bert; files as in {@link
 * HuggingFaceFolder}. Tensors may have the prefix {@code bert.}; the pooler, the next-sentence head
 * and copies of the embedding are left aside.
 */
public final class HuggingFaceBert implements OpenModel {

  private static final String HEAD = "cls.predictions.";
  private static final String ASIDE =
      "pooler\\.dense\\.(weight|bias)|embeddings\\.position_ids|cls\\.seq_relationship\\.(weight|bias)"
          + "|cls\\.predictions\\.decoder\\.(weight|bias)";

  private final Path folder;
  private final Bert bert;
  private final Map<String, FileTensor> tensors;

  private HuggingFaceBert(Path folder, Bert bert, Map<String, FileTensor> tensors) {
    this.folder = folder;
    this.bert = bert;
    this.tensors = tensors;
  }

  /**
   * Whether a folder is one of these.
   *
   * @throws IOException if there is no {@code config.json}
   */
  public static boolean isIn(Path folder) throws IOException {
    return JsonFile.read(folder.resolve("config.json")).text("model_type").equals("bert");
  }

  /**
   * Opens a folder.
   *
   * @param wanted what the block returns; without it masked-LM logits if the files have that head,
   *     else the mean over the tokens
   * @throws FormatException for a setting that our blocks do not have, and for tensors that are
   *     missing, surplus, misshaped or of another type
   * @throws IOException if a file is not there or cannot be read
   */
  public static HuggingFaceBert open(Path folder, Optional<Bert.Output> wanted) throws IOException {
    Map<String, FileTensor> found = new LinkedHashMap<>();
    HuggingFaceFolder.tensors(folder)
        .forEach(
            (name, tensor) -> {
              String plain = name.startsWith("bert.") ? name.substring("bert.".length()) : name;
              if (!plain.matches(ASIDE)) {
                found.put(plain, tensor);
              }
            });
    boolean head = found.containsKey(HEAD + "transform.dense.weight");
    Bert.Output output = wanted.orElse(head ? Bert.Output.VOCABULARY : Bert.Output.MEAN);
    if (output != Bert.Output.VOCABULARY) {
      found.keySet().removeIf(name -> name.startsWith(HEAD));
    }
    Bert bert = sizes(JsonFile.read(folder.resolve("config.json")), output, found.size());
    return new HuggingFaceBert(
        folder, bert, Wanted.pick(folder.toString(), found, BertTensors.of(bert)));
  }

  private static Bert sizes(JsonFile config, Bert.Output output, int tensors) {
    config.must("model_type", "bert");
    config.must("hidden_act", "gelu");
    config.must("position_embedding_type", "absolute");
    config.must("type_vocab_size", 2);
    config.must("is_decoder", false);
    config.must("tie_word_embeddings", true);
    if (config.find("layer_norm_eps").isPresent() && config.number("layer_norm_eps") != 1e-12) {
      throw new FormatException(
          config.file(),
          FormatException.NOWHERE,
          "'layer_norm_eps': " + config.number("layer_norm_eps"),
          "1e-12");
    }
    int layers = config.size("num_hidden_layers");
    if (layers > tensors) {
      throw new FormatException(
          config.file(),
          FormatException.NOWHERE,
          layers + " layers",
          "no more than the files have tensors, " + tensors);
    }
    try {
      return new Bert(
          config.size("vocab_size"),
          config.size("max_position_embeddings"),
          layers,
          config.size("hidden_size"),
          config.size("num_attention_heads"),
          config.size("intermediate_size"),
          output);
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          config.file(),
          FormatException.NOWHERE,
          String.valueOf(e.getMessage()),
          "sizes that fit together",
          e);
    }
  }

  /** Sizes of the model. */
  public Bert bert() {
    return bert;
  }

  @Override
  public Block block() {
    return Wanted.fill(bert.get(), tensors);
  }

  @Override
  public Block outline() {
    return bert.get();
  }

  @Override
  public Tokenizer tokenizer() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    return TokenizerJson.open(file, start(JsonFile.read(file)), bert.vocabulary());
  }

  /** The id of {@code [CLS]}. */
  private static int start(JsonFile tokenizer) {
    JsonElement added = tokenizer.find("added_tokens").orElse(null);
    if (added != null && added.isJsonArray()) {
      for (JsonElement token : added.getAsJsonArray()) {
        JsonObject known = token.isJsonObject() ? token.getAsJsonObject() : new JsonObject();
        JsonFile entry = new JsonFile(tokenizer.file(), known);
        if (entry.find("content").isPresent() && entry.text("content").equals("[CLS]")) {
          return entry.size("id");
        }
      }
    }
    throw new FormatException(
        tokenizer.file(), FormatException.NOWHERE, "no added token '[CLS]'", "one");
  }
}
