// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.kernels.format.SafeTensors;
import io.sparseland.models.Bert;
import io.sparseland.models.text.Tokenizer;
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
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HuggingFaceBertTest {

  private static final int[] IDS = {1, 6, 3, 8};
  private static final Bert SIZES = new Bert(9, 6, 2, 12, 3, 20, Bert.Output.VOCABULARY);

  /** Sums of 12 products below 1 through two layers: far below 1e-4 in fp32. */
  private static final double TOLERANCE = 1e-4;

  private final Map<String, float[]> weights = new LinkedHashMap<>(); // by parameter
  private final List<SafeTensors.Entry> entries = new ArrayList<>();

  @TempDir Path folder;

  @BeforeEach
  void write() throws IOException {
    Random random = new Random(3);
    for (Wanted wanted : BertTensors.of(SIZES)) {
      float[] values = new float[Math.toIntExact(TinyDecoder.size(wanted))];
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextFloat() - 0.5f;
      }
      weights.put(wanted.parameter(), values);
      boolean head = wanted.stored().startsWith("cls.");
      entries.add(entry((head ? "" : "bert.") + wanted.stored(), wanted.shape(), values));
    }
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "bert", "hidden_act": "gelu", "vocab_size": 9, "hidden_size": 12,
         "max_position_embeddings": 6, "num_hidden_layers": 2, "num_attention_heads": 3,
         "intermediate_size": 20, "type_vocab_size": 2, "layer_norm_eps": 1e-12}
        """);
    Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"version": "1.0",
         "added_tokens": [{"id": 1, "content": "[CLS]", "special": true, "normalized": false,
           "single_word": false, "lstrip": false, "rstrip": false}],
         "pre_tokenizer": {"type": "BertPreTokenizer"},
         "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
           "max_input_chars_per_word": 100,
           "vocab": {"[UNK]": 0, "[CLS]": 1, "a": 2, "b": 3, "##b": 4}}}
        """);
  }

  private static SafeTensors.Entry entry(String name, List<Long> shape, float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return new SafeTensors.Entry(name, SafeTensors.Type.F32, shape, bytes);
  }

  private void save(List<SafeTensors.Entry> all) throws IOException {
    SafeTensors.write(folder.resolve("model.safetensors"), all);
  }

  @Test
  void logits_are_those_of_the_plain_twin_and_what_is_not_needed_is_left_aside()
      throws IOException {
    List<SafeTensors.Entry> all = new ArrayList<>(entries);
    all.add(entry("bert.pooler.dense.bias", List.of(12L), new float[12]));
    all.add(entry("cls.seq_relationship.bias", List.of(2L), new float[2]));
    save(all);
    EncoderTwin twin = new EncoderTwin(SIZES, weights);

    float[] logits = run(HuggingFaceBert.open(folder, Optional.empty()).block());

    double[] expected = twin.vocabulary(twin.tokens(IDS)[1]);
    for (int i = 0; i < 9; i++) {
      assertThat((double) logits[9 + i]).isCloseTo(expected[i], within(TOLERANCE));
    }
  }

  @Test
  void without_the_head_it_is_the_mean_of_the_tokens_and_the_head_may_be_left_aside()
      throws IOException {
    double[] mean = new EncoderTwin(SIZES, weights).mean(IDS);
    save(entries);
    float[] asked = run(HuggingFaceBert.open(folder, Optional.of(Bert.Output.MEAN)).block());
    List<SafeTensors.Entry> plain = new ArrayList<>();
    for (SafeTensors.Entry e : entries) {
      if (e.name().startsWith("bert.")) {
        plain.add(new SafeTensors.Entry(e.name().substring(5), e.type(), e.shape(), e.data()));
      }
    }
    save(plain);

    assertThat(run(HuggingFaceBert.open(folder, Optional.empty()).block())).isEqualTo(asked);
    for (int i = 0; i < mean.length; i++) {
      assertThat((double) asked[i]).isCloseTo(mean[i], within(TOLERANCE));
    }
    assertThatThrownBy(() -> HuggingFaceBert.open(folder, Optional.of(Bert.Output.VOCABULARY)))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("no tensor 'cls.predictions.transform.dense.weight'");
  }

  @Test
  void its_tokenizer_starts_with_the_class_token() throws IOException {
    save(entries);

    try (Tokenizer tokenizer = HuggingFaceBert.open(folder, Optional.empty()).tokenizer()) {
      assertThat(tokenizer.start()).isEqualTo(1);
      assertThat(tokenizer.encode("ab b")).containsExactly(2, 4, 3);
    }
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(
        file, Files.readString(file).replace("\"[CLS]\", \"special\"", "\"x\", \"special\""));
    assertThatThrownBy(() -> HuggingFaceBert.open(folder, Optional.empty()).tokenizer())
        .hasMessageContaining("no added token '[CLS]'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "gelu"                     | "relu"                     | 'hidden_act': "relu"
          1e-12                      | 1e-5                       | 'layer_norm_eps'
          "type_vocab_size": 2       | "type_vocab_size": 1       | 'type_vocab_size': 1
          "num_attention_heads": 3   | "num_attention_heads": 5   | sizes that fit together
          "num_hidden_layers": 2     | "num_hidden_layers": 2000000000 | 2000000000 layers
          "num_hidden_layers": 2     | "num_hidden_layers": 1     | encoder.layer.1.
          """)
  void settings_that_the_blocks_do_not_have_are_refused(String from, String to, String message)
      throws IOException {
    save(entries);
    Path config = folder.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace(from, to));

    assertThatThrownBy(() -> HuggingFaceBert.open(folder, Optional.empty()))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining(message);
  }

  private static float[] run(Block block) {
    Shape shape = new Shape(1, IDS.length);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      block.initialize(manager, DataType.FLOAT32, shape);
      NDList inputs = new NDList(manager.create(IDS).reshape(shape));
      return Objects.requireNonNull(
              block.forward(new ParameterStore(manager, false), inputs, false))
          .singletonOrThrow()
          .toFloatArray();
    }
  }
}
