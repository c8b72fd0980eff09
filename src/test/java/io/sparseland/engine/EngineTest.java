// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.Batchifier;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import io.sparseland.core.Masks;
import io.sparseland.core.export.ExportOptions;
import io.sparseland.core.export.Exporter;
import io.sparseland.core.export.Exports;
import java.io.FileNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineTest {

  @TempDir static Path folder;

  private static final NDManager MANAGER = NDManager.newBaseManager("PyTorch");
  private static final Shape INPUT = new Shape(1, 6);
  private static final Block BLOCK =
      new SequentialBlock()
          .add(Linear.builder().setUnits(40).build())
          .add(Activation::relu)
          .add(Linear.builder().setUnits(3).build());

  @BeforeAll
  static void export() {
    Exports.initialised(BLOCK, MANAGER, 1, INPUT);
    Masks masks = Exports.prune(BLOCK, 0.9, 2, INPUT);
    NDList probe = new NDList(Exports.normal(MANAGER, 3, 4, 6));
    new Exporter()
        .export(BLOCK, INPUT, masks, ExportOptions.named("t"), folder.resolve("model"), probe);
  }

  @AfterAll
  static void close() {
    MANAGER.close();
  }

  /** Softmax and class names in the translator, as users write them. */
  private static final class Classify implements Translator<float[], Classifications> {
    @Override
    public NDList processInput(TranslatorContext context, float[] input) {
      return new NDList(context.getNDManager().create(input));
    }

    @Override
    public Classifications processOutput(TranslatorContext context, NDList list) {
      return new Classifications(List.of("a", "b", "c"), list.singletonOrThrow().softmax(0));
    }
  }

  private static Criteria<float[], Classifications> criteria() {
    return Criteria.builder()
        .setTypes(float[].class, Classifications.class)
        .optEngine("Sparseland")
        .optModelPath(folder.resolve("model"))
        .optTranslator(new Classify())
        .build();
  }

  private static Criteria<NDList, NDList> lists() {
    return Criteria.builder()
        .setTypes(NDList.class, NDList.class)
        .optEngine("Sparseland")
        .optModelPath(folder.resolve("model"))
        .optTranslator(new NoopTranslator((Batchifier) null))
        .build();
  }

  @Test
  void is_never_the_default_beside_pytorch() {
    assertThat(Engine.getDefaultEngineName()).isEqualTo("PyTorch");
    assertThat(Engine.getAllEngines()).contains("Sparseland");
    assertThat(Engine.getEngine("Sparseland").getRank())
        .isGreaterThan(Engine.getEngine("PyTorch").getRank());
  }

  @Test
  void a_predictor_gives_what_djl_gives() throws Exception {
    float[] x = Exports.normal(MANAGER, 9, 6).toFloatArray();
    float[] expected =
        Exports.predict(BLOCK, MANAGER.create(x, new Shape(1, 6))).head().softmax(1).toFloatArray();

    try (ZooModel<float[], Classifications> model = criteria().loadModel();
        Predictor<float[], Classifications> predictor = model.newPredictor()) {
      Classifications found = predictor.predict(x);

      for (int i = 0; i < 3; i++) {
        assertThat(found.get(List.of("a", "b", "c").get(i)).getProbability())
            .isCloseTo(expected[i], within(1e-6));
      }
    }
  }

  @Test
  void a_batch_gives_the_same_as_its_parts() throws Exception {
    float[][] inputs = {{1, 2, 3, 4, 5, 6}, {0, 0, 1, 0, 0, 0}, {-1, 2, -1, 2, -1, 2}};

    try (ZooModel<float[], Classifications> model = criteria().loadModel();
        Predictor<float[], Classifications> predictor = model.newPredictor()) {
      List<Classifications> together = predictor.batchPredict(List.of(inputs));

      assertThat(together).hasSize(3);
      for (int i = 0; i < 3; i++) {
        assertThat(together.get(i).getProbabilities())
            .isEqualTo(predictor.predict(inputs[i]).getProbabilities());
      }
    }
  }

  @Test
  void takes_arrays_of_pytorch_and_leaves_them_as_they_are() throws Exception {
    NDArray x = Exports.normal(MANAGER, 9, 5, 6);
    float[] before = x.toFloatArray();
    float[] expected = Exports.predict(BLOCK, x).head().toFloatArray();

    try (ZooModel<NDList, NDList> model = lists().loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      NDArray y = predictor.predict(new NDList(x)).head();

      assertThat(y.getShape()).isEqualTo(new Shape(5, 3));
      assertThat(y.toFloatArray()).hasSameSizeAs(expected);
      for (int i = 0; i < expected.length; i++) {
        assertThat(y.toFloatArray()[i]).isCloseTo(expected[i], within(1e-5f));
      }
      assertThat(y.mean().getFloat()).isNotNaN(); // an operation of the other engine
    }
    assertThat(x.toFloatArray()).isEqualTo(before);
  }

  @Test
  void takes_a_view_of_a_pytorch_array() throws Exception {
    NDArray x = Exports.normal(MANAGER, 9, 6, 5).transpose();
    float[] expected = Exports.predict(BLOCK, x).head().toFloatArray();

    try (ZooModel<NDList, NDList> model = lists().loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      assertThat(predictor.predict(new NDList(x)).head().toFloatArray()[7])
          .isCloseTo(expected[7], within(1e-5f));
    }
  }

  @Test
  void a_wrong_shape_is_named() throws Exception {
    try (ZooModel<NDList, NDList> model = lists().loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      NDList wrong = new NDList(MANAGER.zeros(new Shape(2, 7)));

      assertThatThrownBy(() -> predictor.predict(wrong))
          .isInstanceOf(TranslateException.class)
          .hasMessageContaining("input")
          .hasMessageContaining("7")
          .hasMessageContaining("6");
    }
  }

  @Test
  void a_wrong_type_is_named() throws Exception {
    try (ZooModel<NDList, NDList> model = lists().loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      NDList wrong = new NDList(MANAGER.zeros(new Shape(2, 6), DataType.FLOAT64));

      assertThatThrownBy(() -> predictor.predict(wrong))
          .isInstanceOf(TranslateException.class)
          .hasMessageContaining("found float64 (2, 6), allowed is FLOAT32");
    }
  }

  @Test
  void a_wrong_number_of_inputs_is_named() throws Exception {
    try (ZooModel<NDList, NDList> model = lists().loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor()) {
      NDArray x = MANAGER.zeros(new Shape(2, 6));

      assertThatThrownBy(() -> predictor.predict(new NDList(x, x)))
          .hasMessageContaining("takes 1 inputs, found 2");
    }
  }

  @Test
  void closing_the_model_closes_the_runtime() throws Exception {
    ZooModel<NDList, NDList> model = lists().loadModel();
    Block block = model.getBlock();
    model.close();

    assertThatThrownBy(() -> Exports.predict(block, MANAGER.zeros(new Shape(1, 6))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void describes_inputs_and_outputs() throws Exception {
    try (ZooModel<NDList, NDList> model = lists().loadModel()) {
      assertThat(model.describeInput().get(0).getValue()).isEqualTo(new Shape(-1, 6));
      assertThat(model.describeOutput().get("output")).isEqualTo(new Shape(-1, 3));
    }
  }

  @Test
  void a_folder_without_a_model_is_refused() {
    try (Model model = Engine.getEngine("Sparseland").newModel("m", null)) {
      assertThatThrownBy(() -> model.load(folder))
          .isInstanceOf(FileNotFoundException.class)
          .hasMessageContaining("sparseland.json");
    }
  }

  @Test
  void a_damaged_model_is_refused() throws Exception {
    Path damaged = Files.createDirectory(folder.resolve("damaged"));
    Files.writeString(damaged.resolve("sparseland.json"), "{}");

    try (Model model = Engine.getEngine("Sparseland").newModel("m", null)) {
      assertThatThrownBy(() -> model.load(damaged))
          .isInstanceOf(MalformedModelException.class)
          .hasMessageContaining("sparseland.json");
    }
  }

  @Test
  void training_is_refused() throws Exception {
    try (ZooModel<NDList, NDList> model = lists().loadModel()) {
      assertThatThrownBy(() -> model.newTrainer(null))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("PyTorch");
    }
  }
}
