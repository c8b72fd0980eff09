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
import io.sparseland.models.Bert;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BertTest {

  private static final int[] IDS = {1, 6, 3, 8};

  /** Sums of 12 products below 1 through two layers: far below 1e-4 in fp32. */
  private static final double TOLERANCE = 1e-4;

  @Test
  void tokens_mean_and_first_are_those_of_the_plain_twin() {
    double[][] twin = twin(Bert.Output.TOKENS).tokens(IDS);

    float[] tokens = run(bert(Bert.Output.TOKENS), IDS);
    for (int i = 0; i < tokens.length; i++) {
      assertThat((double) tokens[i]).isCloseTo(twin[i / 12][i % 12], within(TOLERANCE));
    }
    assertClose(run(bert(Bert.Output.FIRST), IDS), twin[0]);
    assertClose(run(bert(Bert.Output.MEAN), IDS), twin(Bert.Output.MEAN).mean(IDS));
  }

  @Test
  void the_masked_lm_head_is_that_of_the_plain_twin() {
    EncoderTwin twin = twin(Bert.Output.VOCABULARY);
    double[][] tokens = twin.tokens(IDS);

    float[] logits = run(bert(Bert.Output.VOCABULARY), IDS);

    assertClose(Arrays.copyOfRange(logits, 9, 18), twin.vocabulary(tokens[1]));
  }

  @Test
  void padding_changes_nothing() {
    int[] padded = Arrays.copyOf(IDS, 6);

    assertClose(
        run(bert(Bert.Output.MEAN), padded, 1, 1, 1, 1, 0, 0), twin(Bert.Output.MEAN).mean(IDS));
  }

  @Test
  void matrices_of_an_onnx_file_are_found_through_its_graph() {
    Bert sizes = bert(Bert.Output.TOKENS);
    Map<String, FileTensor> found = OnnxWeights.read("tiny.onnx", onnx(sizes, true));

    Map<String, FileTensor> picked = Wanted.pick("tiny.onnx", found, BertTensors.of(sizes));

    weights(sizes)
        .forEach(
            (name, values) -> {
              float[] read = new float[values.length];
              Objects.requireNonNull(picked.get(name)).values().get().get(read);
              assertThat(read).as(name).containsExactly(values);
            });
  }

  @Test
  void a_matrix_without_a_role_is_missing_and_damage_is_refused() {
    Bert sizes = bert(Bert.Output.TOKENS);
    ByteBuffer good = onnx(sizes, true);
    Map<String, FileTensor> unknown = OnnxWeights.read("tiny.onnx", onnx(sizes, false));

    assertThatThrownBy(() -> Wanted.pick("tiny.onnx", unknown, BertTensors.of(sizes)))
        .isInstanceOf(FormatException.class)
        .hasMessageContainingAll(
            "no tensor 'encoder.layer.0.attention.self.query.weight'", "9 more");
    assertThatThrownBy(() -> OnnxWeights.read("x.onnx", good.slice(0, good.limit() - 3)))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("x.onnx");
    assertThatThrownBy(() -> OnnxWeights.read("x.onnx", ByteBuffer.allocate(0)))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("no weights");
  }

  @Test
  void a_jar_that_is_nowhere_is_named_with_the_command_that_gets_it() {
    ClassLoader nothing = new ClassLoader(null) {}; // the tests' class path may hold the model
    assertThatThrownBy(() -> MiniLm.open("jar:a.b:none:1", nothing))
        .isInstanceOf(java.io.FileNotFoundException.class)
        .hasMessageContainingAll("none-1.jar", "mvn dependency:get -Dartifact=a.b:none:1");
    assertThatThrownBy(() -> MiniLm.open("jar:../x:y", nothing))
        .hasMessageContaining("no jar:group:artifact:version");
  }

  private static Bert bert(Bert.Output output) {
    return new Bert(9, 6, 2, 12, 3, 20, output);
  }

  private static EncoderTwin twin(Bert.Output output) {
    return new EncoderTwin(bert(output), weights(bert(output)));
  }

  private static Map<String, float[]> weights(Bert sizes) {
    Random random = new Random(3);
    Map<String, float[]> weights = new LinkedHashMap<>();
    for (Wanted wanted : BertTensors.of(sizes)) {
      float[] values = new float[Math.toIntExact(TinyDecoder.size(wanted))];
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextFloat() - 0.5f;
      }
      weights.put(wanted.parameter(), values);
    }
    return weights;
  }

  private static float[] run(Bert sizes, int[] ids, int... mask) {
    Map<String, FileTensor> tensors = new LinkedHashMap<>();
    Map<String, float[]> weights = weights(sizes);
    for (Wanted w : BertTensors.of(sizes)) {
      FloatBuffer values = FloatBuffer.wrap(Objects.requireNonNull(weights.get(w.parameter())));
      tensors.put(
          w.parameter(), new FileTensor("memory", w.stored(), w.shape(), values::duplicate));
    }
    Shape shape = new Shape(1, ids.length);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Block block = Wanted.fill(sizes.get(), tensors);
      block.initialize(manager, DataType.FLOAT32, shape);
      NDList inputs = new NDList(manager.create(ids).reshape(shape));
      if (mask.length > 0) {
        inputs.add(manager.create(mask).reshape(shape));
      }
      return block
          .forward(new ParameterStore(manager, false), inputs, false)
          .singletonOrThrow()
          .toFloatArray();
    }
  }

  private static void assertClose(float[] found, double[] expected) {
    assertThat(found).hasSize(expected.length);
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i]).as("index " + i).isCloseTo(expected[i], within(TOLERANCE));
    }
  }

  /** An ONNX file as exporters write it: matrices renamed and stored [in, out]. */
  private static ByteBuffer onnx(Bert sizes, boolean nodes) {
    ByteArrayOutputStream graph = new ByteArrayOutputStream();
    Map<String, float[]> weights = weights(sizes);
    int number = 0;
    for (Wanted w : BertTensors.of(sizes)) {
      float[] values = Objects.requireNonNull(weights.get(w.parameter()));
      boolean matrix = w.stored().matches(".*(query|key|value|dense)\\.weight");
      List<Long> shape = new ArrayList<>(w.shape());
      String name = w.stored();
      if (matrix) {
        name = "onnx::MatMul_" + number++;
        values = turned(values, w.shape().get(0).intValue(), w.shape().get(1).intValue());
        java.util.Collections.reverse(shape);
      }
      ByteArrayOutputStream tensor = new ByteArrayOutputStream();
      shape.forEach(size -> number(tensor, 1, size));
      number(tensor, 2, 1);
      bytes(tensor, 8, name.getBytes(StandardCharsets.UTF_8));
      ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      raw.asFloatBuffer().put(values);
      bytes(tensor, 9, raw.array());
      bytes(graph, 5, tensor.toByteArray());
      if (matrix && nodes) {
        String bias = w.stored().replaceFirst("weight$", "bias");
        bytes(graph, 1, node("MatMul", "x", name, "product" + name));
        bytes(graph, 1, node("Add", bias, "product" + name, "y"));
      }
    }
    ByteArrayOutputStream model = new ByteArrayOutputStream();
    number(model, 1, 6);
    bytes(model, 7, graph.toByteArray());
    return ByteBuffer.wrap(model.toByteArray());
  }

  private static byte[] node(String operation, String a, String b, String output) {
    ByteArrayOutputStream node = new ByteArrayOutputStream();
    bytes(node, 1, a.getBytes(StandardCharsets.UTF_8));
    bytes(node, 1, b.getBytes(StandardCharsets.UTF_8));
    bytes(node, 2, output.getBytes(StandardCharsets.UTF_8));
    bytes(node, 4, operation.getBytes(StandardCharsets.UTF_8));
    return node.toByteArray();
  }

  private static float[] turned(float[] values, int rows, int columns) {
    float[] turned = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      turned[i % columns * rows + i / columns] = values[i];
    }
    return turned;
  }

  private static void number(ByteArrayOutputStream out, int field, long value) {
    varint(out, (long) field << 3);
    varint(out, value);
  }

  private static void bytes(ByteArrayOutputStream out, int field, byte[] bytes) {
    varint(out, (long) field << 3 | 2);
    varint(out, bytes.length);
    out.writeBytes(bytes);
  }

  private static void varint(ByteArrayOutputStream out, long value) {
    long rest = value;
    for (; rest > 127; rest >>>= 7) {
      out.write((int) ((rest & 127) | 128));
    }
    out.write((int) rest);
  }
}
