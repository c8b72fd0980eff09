// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerType;
import io.sparseland.core.Layers;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.kernels.format.SafeTensors;
import io.sparseland.models.Rotary;
import io.sparseland.models.text.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class HuggingFaceFolderTest {

  private static final int[] IDS = {0, 7, 3, 10, 3, 1};

  /** 24 sums of 24 products below 1, twice two layers: far below 1e-4 in fp32. */
  private static final double TOLERANCE = 1e-4;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"HALVES, true", "HALVES, false", "NEIGHBOURS, true"})
  void a_decoder_computes_what_its_plain_twin_does(Rotary.Pairs pairs, boolean tied)
      throws IOException {
    TinyDecoder tiny = TinyDecoder.of(pairs, tied);
    Block block = Wanted.fill(tiny.sizes().get(), tensors(tiny));

    assertClose(logits(block, IDS), tiny.twin().logits(IDS));
  }

  @ParameterizedTest
  @EnumSource(
      value = SafeTensors.Type.class,
      names = {"F32", "F16", "BF16"})
  void a_folder_is_read_in_every_type_of_its_numbers(SafeTensors.Type type) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(Rotary.Pairs.HALVES, true);
    tiny.config(folder);
    SafeTensors.write(folder.resolve("model.safetensors"), tiny.entries(type));

    assertClose(logits(HuggingFaceFolder.open(folder).block(), IDS), tiny.twin().logits(IDS));
  }

  @Test
  void shards_are_read_as_their_index_says() throws IOException {
    TinyDecoder tiny = TinyDecoder.of(Rotary.Pairs.HALVES, false);
    List<SafeTensors.Entry> all = tiny.entries(SafeTensors.Type.F32);
    tiny.config(folder);
    SafeTensors.write(folder.resolve("a.safetensors"), all.subList(0, 5));
    SafeTensors.write(folder.resolve("b.safetensors"), all.subList(5, all.size()));
    StringBuilder map = new StringBuilder();
    for (int i = 0; i < all.size(); i++) {
      map.append(i == 0 ? "" : ", ")
          .append("\"%s\": \"%s.safetensors\"".formatted(all.get(i).name(), i < 5 ? "a" : "b"));
    }
    Path index = folder.resolve("model.safetensors.index.json");
    Files.writeString(index, "{\"weight_map\": {" + map + "}}");

    assertClose(logits(HuggingFaceFolder.open(folder).block(), IDS), tiny.twin().logits(IDS));

    Files.writeString(index, "{\"weight_map\": {\"x\": \"../a.safetensors\"}}");
    refused("shard '../a.safetensors'");
    Files.writeString(index, "{\"weight_map\": {\"x\": \"a.safetensors\"}}");
    refused("a.safetensors", "tensor 'model.");
  }

  @Test
  void missing_surplus_and_misshaped_tensors_are_named() throws IOException {
    TinyDecoder tiny = TinyDecoder.of(Rotary.Pairs.HALVES, true);
    tiny.config(folder);
    Path file = folder.resolve("model.safetensors");
    List<SafeTensors.Entry> all = tiny.entries(SafeTensors.Type.F32);

    SafeTensors.write(file, all.subList(0, all.size() - 1));
    refused("no tensor 'model.norm.weight'", "all 20 tensors");

    List<SafeTensors.Entry> more = new ArrayList<>(all);
    more.add(
        new SafeTensors.Entry(
            "lm_head.weight", all.get(0).type(), all.get(0).shape(), all.get(0).data()));
    SafeTensors.write(file, more);
    refused("tensor 'lm_head.weight', for which the model has no place");

    List<SafeTensors.Entry> turned = new ArrayList<>(all);
    SafeTensors.Entry up =
        all.stream().filter(e -> e.name().contains("1.mlp.up")).findFirst().orElseThrow();
    turned.set(
        all.indexOf(up), new SafeTensors.Entry(up.name(), up.type(), List.of(24L, 10L), up.data()));
    SafeTensors.write(file, turned);
    refused("'model.layers.1.mlp.up_proj.weight' of shape [24, 10]", "allowed: [10, 24]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "llama"                    | "gpt2"                       | 'model_type': gpt2
          "silu"                     | "gelu"                       | 'hidden_act': "gelu"
          "num_key_value_heads": 2   | "num_key_value_heads": 3     | 4 query heads for 3
          "vocab_size": 11           | "vocab_size": 11.5           | 'vocab_size': 11.5
          "num_hidden_layers": 2     | "num_hidden_layers": 2000000000 | 2000000000 layers
          "max_position_embeddings": 8 | "max_position_embeddings": 2000000000 | is too long
          "rms_norm_eps": 1e-5,      |                              | no 'rms_norm_eps'
          "rope_theta"               | "rope_scaling": {}, "rope_theta" | 'rope_scaling'
          }                          |                              | no JSON object
          """)
  void settings_that_the_blocks_do_not_have_are_refused(String from, String to, String message)
      throws IOException {
    TinyDecoder tiny = TinyDecoder.of(Rotary.Pairs.HALVES, true);
    Path config = tiny.config(folder);
    SafeTensors.write(folder.resolve("model.safetensors"), tiny.entries(SafeTensors.Type.F32));
    Files.writeString(config, Files.readString(config).replace(from, to == null ? "" : to));

    refused("config.json", message);
  }

  @Test
  void a_number_that_is_not_finite_is_refused_with_its_place() throws IOException {
    TinyDecoder tiny = TinyDecoder.of(Rotary.Pairs.HALVES, true);
    tiny.weight("layer.1.key.weight")[7] = Float.NaN;
    tiny.config(folder);
    SafeTensors.write(folder.resolve("model.safetensors"), tiny.entries(SafeTensors.Type.F32));
    Block block = HuggingFaceFolder.open(folder).block();
    Block outline = HuggingFaceFolder.open(folder).outline();

    assertThat(logits(outline, IDS)).as("reads no number").doesNotContain(Float.NaN);
    assertThatThrownBy(() -> logits(block, IDS))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("NaN at index 7 of tensor 'model.layers.1.self_attn.k_proj.weight'");
  }

  @Test
  void a_missing_file_is_named() throws IOException {
    TinyDecoder.of(Rotary.Pairs.HALVES, true).config(folder);

    assertThatThrownBy(() -> HuggingFaceFolder.open(folder))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("model.safetensors");
  }

  @Test
  void a_sequence_longer_than_the_context_is_refused() {
    TinyDecoder tiny = TinyDecoder.of(Rotary.Pairs.HALVES, true);

    assertThatThrownBy(() -> logits(tiny.sizes().get(), new int[9]))
        .hasMessageContaining("9 tokens in one sequence; the model takes 8 at most");
  }

  @Test
  void a_decoder_is_traced_into_seven_linear_layers_per_layer_and_a_tied_embedding() {
    TinyDecoder tiny = TinyDecoder.of(Rotary.Pairs.HALVES, true);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Block block = Wanted.fill(tiny.sizes().get(), tensors(tiny));
      block.initialize(manager, DataType.FLOAT32, new Shape(2, 8));

      List<Layer> layers = Layers.of(block, new Shape(2, 8));

      assertThat(layers.get(0).name()).isEqualTo("embedding");
      assertThat(layers.get(0).type()).isEqualTo(LayerType.EMBEDDING);
      assertThat(layers.subList(1, layers.size()))
          .allMatch(layer -> layer.type() == LayerType.LINEAR)
          .extracting(Layer::name)
          .startsWith("layer.0.query", "layer.0.key", "layer.0.value", "layer.0.output")
          .endsWith("layer.1.gate", "layer.1.up", "layer.1.down")
          .hasSize(14);
    }
  }

  @Test
  void perplexity_and_greedy_text_are_those_of_the_twin() {
    TinyDecoder tiny = TinyDecoder.of(Rotary.Pairs.NEIGHBOURS, true);
    double nats = 0;
    for (int t = 0; t + 1 < IDS.length; t++) {
      double[] row = tiny.twin().logits(Arrays.copyOf(IDS, t + 1))[t];
      nats += Math.log(Arrays.stream(row).map(Math::exp).sum()) - row[IDS[t + 1]];
    }
    int[] expected = Arrays.copyOf(IDS, 6);
    for (int t = 2; t < expected.length; t++) {
      double[] row = tiny.twin().logits(Arrays.copyOf(expected, t))[t - 1];
      for (int id = 0, best = 0; id < row.length; id++) {
        best = row[id] > row[best] ? id : best;
        expected[t] = best;
      }
    }

    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Block block = Wanted.fill(tiny.sizes().get(), tensors(tiny));
      block.initialize(manager, DataType.FLOAT32, new Shape(1, 8));
      LanguageModel model = new LanguageModel(block, manager);

      assertThat(model.perplexity(List.of(IDS))).isCloseTo(Math.exp(nats / 5), offset(1e-4));
      assertThat(model.greedy(Arrays.copyOf(IDS, 2), 4))
          .isEqualTo(Arrays.copyOfRange(expected, 2, 6));
      assertThatThrownBy(() -> model.perplexity(List.of(new int[] {3})))
          .hasMessageContaining("no sequence has a second token");
    }
  }

  private static org.assertj.core.data.Offset<Double> offset(double by) {
    return org.assertj.core.data.Offset.offset(by);
  }

  private void refused(String... messages) {
    assertThatThrownBy(() -> HuggingFaceFolder.open(folder))
        .isInstanceOf(FormatException.class)
        .hasMessageContainingAll(messages);
  }

  private static java.util.Map<String, FileTensor> tensors(TinyDecoder tiny) {
    java.util.Map<String, FileTensor> tensors = new java.util.LinkedHashMap<>();
    for (Wanted wanted : DecoderTensors.of(tiny.sizes())) {
      float[] values = tiny.weight(wanted.parameter());
      tensors.put(
          wanted.parameter(),
          new FileTensor(
              "memory", wanted.stored(), wanted.shape(), () -> java.nio.FloatBuffer.wrap(values)));
    }
    return tensors;
  }

  static float[] logits(Block block, int[] ids) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      block.initialize(manager, DataType.FLOAT32, new Shape(1, ids.length));
      long[] both = new long[2 * ids.length]; // a second sequence must not disturb the first
      for (int i = 0; i < ids.length; i++) {
        both[i] = ids[i];
      }
      NDArray input = manager.create(both, new Shape(2, ids.length));
      NDList out = block.forward(new ParameterStore(manager, false), new NDList(input), false);
      return out.singletonOrThrow().get("0").toFloatArray();
    }
  }

  static void assertClose(float[] found, double[][] expected) {
    int vocabulary = expected[0].length;
    assertThat(found).hasSize(expected.length * vocabulary);
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i])
          .as("position %d, token %d", i / vocabulary, i % vocabulary)
          .isCloseTo(expected[i / vocabulary][i % vocabulary], offset(TOLERANCE));
    }
  }
}
