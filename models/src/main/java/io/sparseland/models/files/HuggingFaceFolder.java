// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import ai.djl.nn.Block;
import com.google.gson.JsonElement;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.models.Attention;
import io.sparseland.models.Decoder;
import io.sparseland.models.Rotary;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.models.text.TokenizerJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A model folder of Hugging Face: {@code config.json} of type llama, {@code tokenizer.json}, and
 * {@code model.safetensors} or the shards that {@code model.safetensors.index.json} lists; fp32,
 * fp16 or bf16. Code of the folder is never run.
 */
public final class HuggingFaceFolder implements OpenModel {

  private static final String ONE_FILE = "model.safetensors";
  private static final String SHARDS = "model.safetensors.index.json";

  private final Path folder;
  private final Decoder decoder;
  private final int start;
  private final Map<String, FileTensor> tensors;

  private HuggingFaceFolder(
      Path folder, Decoder decoder, int start, Map<String, FileTensor> tensors) {
    this.folder = folder;
    this.decoder = decoder;
    this.start = start;
    this.tensors = tensors;
  }

  /**
   * Opens a folder.
   *
   * @throws FormatException for a setting that our blocks do not have, and for tensors that are
   *     missing, surplus, misshaped or of another type
   * @throws IOException if a file is not there or cannot be read
   */
  public static HuggingFaceFolder open(Path folder) throws IOException {
    JsonFile config = JsonFile.read(folder.resolve("config.json"));
    Decoder decoder = decoder(config);
    Map<String, FileTensor> found = tensors(folder);
    if (decoder.layers() > found.size()) {
      throw new FormatException(
          config.file(),
          FormatException.NOWHERE,
          decoder.layers() + " layers",
          "no more than the files have tensors, " + found.size());
    }
    Map<String, FileTensor> picked =
        Wanted.pick(folder.toString(), found, DecoderTensors.of(decoder));
    return new HuggingFaceFolder(folder, decoder, config.size("bos_token_id"), picked);
  }

  /** The same model with biases of 0 behind its residual branches. */
  public OpenModel withBiases() {
    HuggingFaceFolder plain = this;
    return new OpenModel() {
      @Override
      public Block block() {
        Map<String, FileTensor> all = new LinkedHashMap<>(tensors);
        all.putAll(DecoderTensors.zeroBiases(decoder));
        return Wanted.fill(decoder.withBiases(), all);
      }

      @Override
      public Block outline() {
        return decoder.withBiases();
      }

      @Override
      public Tokenizer tokenizer() throws IOException {
        return plain.tokenizer();
      }
    };
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
    return TokenizerJson.open(folder.resolve("tokenizer.json"), start, decoder.vocabulary());
  }

  private static Decoder decoder(JsonFile config) {
    if (!config.text("model_type").equals("llama")) {
      throw new FormatException(
          config.file(),
          FormatException.NOWHERE,
          "'model_type': " + config.text("model_type"),
          "llama");
    }
    config.must("hidden_act", "silu");
    config.must("attention_bias", false);
    config.must("mlp_bias", false);
    JsonFile rope =
        config.find("rope_parameters").isPresent() ? config.inside("rope_parameters") : config;
    rope.must("rope_type", "default");
    if (config.find("rope_scaling").isPresent()) {
      throw new FormatException(
          config.file(), FormatException.NOWHERE, "'rope_scaling'", "no scaling of positions");
    }
    int width = config.size("hidden_size");
    int heads = config.size("num_attention_heads");
    double base = rope.find("rope_theta").isPresent() ? rope.number("rope_theta") : 10_000;
    try {
      Rotary rotary =
          new Rotary(
              config.size("head_dim", width / Math.max(1, heads)), base, Rotary.Pairs.HALVES);
      return new Decoder(
          config.size("vocab_size"),
          config.size("max_position_embeddings"),
          config.size("num_hidden_layers"),
          width,
          config.size("intermediate_size"),
          new Attention(heads, config.size("num_key_value_heads", heads), rotary),
          (float) config.number("rms_norm_eps"),
          config.flag("tie_word_embeddings", false));
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          config.file(),
          FormatException.NOWHERE,
          String.valueOf(e.getMessage()),
          "sizes that fit together",
          e);
    }
  }

  /** The tensors of a folder, of one file or of shards. */
  static Map<String, FileTensor> tensors(Path folder) throws IOException {
    Path index = folder.resolve(SHARDS);
    if (!Files.exists(index)) {
      return FileTensor.all(folder.resolve(ONE_FILE));
    }
    Map<String, String> places = new LinkedHashMap<>();
    JsonFile map = JsonFile.read(index).inside("weight_map");
    for (Map.Entry<String, JsonElement> entry : map.object().entrySet()) {
      String shard = map.text(entry.getKey());
      if (!shard.matches("[A-Za-z0-9_][A-Za-z0-9_.-]*")) { // no way out of the folder
        throw new FormatException(
            index.toString(), FormatException.NOWHERE, "shard '" + shard + "'", "a plain name");
      }
      places.put(entry.getKey(), shard);
    }
    Map<String, FileTensor> all = new LinkedHashMap<>();
    for (String shard : new TreeSet<>(places.values())) {
      Map<String, FileTensor> part = FileTensor.all(folder.resolve(shard));
      Set<String> listed = new TreeSet<>(part.keySet());
      listed.removeIf(name -> shard.equals(places.get(name)));
      if (!listed.isEmpty()) {
        throw new FormatException(
            folder.resolve(shard).toString(),
            FormatException.NOWHERE,
            "tensor '%s'".formatted(listed.iterator().next()),
            "the tensors that " + SHARDS + " lists for it");
      }
      all.putAll(part);
    }
    return all;
  }
}
