// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import com.google.gson.JsonParser;
import io.sparseland.core.Torch;
import io.sparseland.models.text.LanguageModel;
import io.sparseland.models.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Published figures of real models, reproduced by our blocks. */
@Tag("models")
class RealDecodersTest {

  @Test
  void books8m_reaches_its_published_perplexity() throws IOException {
    OpenModel model = HuggingFaceFolder.open(RealModels.find("books8m"));
    List<int[]> windows;
    try (Tokenizer tokenizer = model.tokenizer()) {
      int[] text = tokenizer.encode(RealModels.text("books/test.txt.gz"));
      int[] tokens = new int[text.length + 1];
      tokens[0] = tokenizer.start();
      System.arraycopy(text, 0, tokens, 1, text.length);
      windows = RealModels.windows(tokens, 512, Integer.MAX_VALUE);
    }

    assertThat(windows).hasSize(599);
    double perplexity = with(model, language -> language.perplexity(windows));
    assertThat(perplexity)
        .isCloseTo(36.2808, within(5e-4)); // the reference kept four digits of fp32 sums
  }

  @Test
  void books8m_continues_its_published_text() throws IOException {
    OpenModel model = HuggingFaceFolder.open(RealModels.find("books8m"));
    var log =
        JsonParser.parseString(Files.readString(RealModels.find("books8m/log.json")))
            .getAsJsonObject();
    int[] published =
        IntStream.range(0, log.getAsJsonArray("greedy_ids").size())
            .map(i -> log.getAsJsonArray("greedy_ids").get(i).getAsInt())
            .toArray();
    String text = log.get("greedy").getAsString();
    int[] prompt;
    try (Tokenizer tokenizer = model.tokenizer()) {
      assertThat(tokenizer.decode(published)).isEqualTo(text);
      prompt = tokenizer.encode("It was a dark night, and the old");
    }

    int[] added =
        with(model, language -> language.greedy(prompt, published.length - prompt.length));

    assertThat(prompt).isEqualTo(Arrays.copyOf(published, prompt.length));
    assertThat(added).isEqualTo(Arrays.copyOfRange(published, prompt.length, published.length));
  }

  @Test
  void stories260k_reaches_its_published_perplexity_and_tells_its_story() throws IOException {
    OpenModel model =
        Llama2cFile.open(
            RealModels.find("stories260k/stories260K.bin"),
            RealModels.find("stories260k/tok512.bin"));
    List<int[]> stories = new ArrayList<>();
    try (Tokenizer tokenizer = model.tokenizer()) {
      for (String story :
          RealModels.text("stories260k/tinystories-test.txt.gz").split("<\\|endoftext\\|>", -1)) {
        if (!story.isBlank()) {
          int[] text = tokenizer.encode(story.strip());
          int[] tokens = new int[text.length + 1];
          tokens[0] = tokenizer.start();
          System.arraycopy(text, 0, tokens, 1, text.length);
          stories.add(tokens);
        }
      }

      assertThat(stories).hasSize(26);
      assertThat(stories.stream().mapToInt(s -> s.length - 1).sum()).isEqualTo(9231);
      double perplexity = with(model, language -> language.perplexity(stories));
      assertThat(perplexity).isCloseTo(4.385, within(5e-4));
      int[] told = with(model, language -> language.greedy(new int[] {tokenizer.start()}, 80));
      assertThat(tokenizer.decode(told))
          .startsWith(
              "Once upon a time, there was a little girl named Lily. She loved to play outside in"
                  + " the park. One day, she saw a big, red ball. She wanted to play with it, but"
                  + " it was too high.");
    }
  }

  private static <T> T with(OpenModel model, Function<LanguageModel, T> body) throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Torch.ENGINE)) {
      Block block = model.block();
      block.initialize(manager, DataType.FLOAT32, new Shape(1, 8));
      return Torch.withoutGradients(() -> body.apply(new LanguageModel(block, manager)));
    }
  }
}
