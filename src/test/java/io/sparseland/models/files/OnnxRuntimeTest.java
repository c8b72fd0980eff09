// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.sparseland.models.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Our blocks against another runtime on the same file; compiled in the profile {@code models}. */
@Tag("models")
class OnnxRuntimeTest {

  private static final List<String> SENTENCES =
      List.of(
          "A man is playing a large flute.",
          "the quick brown fox",
          "Sparse networks keep few weights, and those that are kept have to do the work of all.",
          "No.");

  @Test
  void embeddings_of_minilm_are_those_of_onnxruntime() throws IOException, OrtException {
    MiniLm model = MiniLm.open(MiniLm.JAR, getClass().getClassLoader());
    byte[] file;
    try (InputStream in = getClass().getResourceAsStream("/all-minilm-l6-v2.onnx")) {
      file = Objects.requireNonNull(in).readAllBytes();
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (Tokenizer tokenizer = model.tokenizer();
        NDManager manager = NDManager.newBaseManager("PyTorch");
        OrtSession session = environment.createSession(file)) {
      Block block = model.block();
      block.initialize(manager, DataType.FLOAT32, new Shape(1, 9));
      for (String sentence : SENTENCES) {
        int[] ids = tokenizer.sentence(sentence, 128);

        float[] ours =
            block
                .forward(
                    new ParameterStore(manager, false),
                    new NDList(manager.create(ids).reshape(1, ids.length)),
                    false)
                .singletonOrThrow()
                .toFloatArray();

        float[] theirs = mean(environment, session, ids);
        assertThat(ours).as(sentence).hasSize(384);
        for (int i = 0; i < ours.length; i++) {
          assertThat(ours[i]).as("%s, %d", sentence, i).isCloseTo(theirs[i], within(1e-5f));
        }
      }
    }
  }

  private static float[] mean(OrtEnvironment environment, OrtSession session, int[] ids)
      throws OrtException {
    long[][] tokens = {Arrays.stream(ids).asLongStream().toArray()};
    long[][] counted = {new long[ids.length]};
    Arrays.fill(counted[0], 1);
    try (OnnxTensor input = OnnxTensor.createTensor(environment, tokens);
        OnnxTensor mask = OnnxTensor.createTensor(environment, counted);
        OnnxTensor types = OnnxTensor.createTensor(environment, new long[1][ids.length]);
        OrtSession.Result result =
            session.run(
                Map.of("input_ids", input, "attention_mask", mask, "token_type_ids", types))) {
      float[][] states = ((float[][][]) result.get(0).getValue())[0]; // [time, width]
      float[] mean = new float[states[0].length];
      for (int i = 0; i < mean.length; i++) {
        double sum = 0;
        for (float[] state : states) {
          sum += state[i];
        }
        mean[i] = (float) (sum / states.length);
      }
      return mean;
    }
  }
}
