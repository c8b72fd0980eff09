// SPDX-License-Identifier: Apache-2.0
package io.sparseland.examples;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * An exported model behind DJL's usual door: nothing but the engine's name tells that it is sparse.
 *
 * <pre>{@code
 * Serve MODEL_DIRECTORY
 * }</pre>
 */
public final class Serve {

  private static final int SIDE = 28;

  private Serve() {}

  /** Classifies a drawn digit. */
  public static void main(String[] args) throws IOException, ModelException, TranslateException {
    Path model = Path.of(args.length > 0 ? args[0] : "out/mnist-rigl-90/model");
    System.out.println(classify(model, drawnOne()).best());
  }

  static Classifications classify(Path model, float[] pixels)
      throws IOException, ModelException, TranslateException {
    Criteria<float[], Classifications> criteria =
        Criteria.builder()
            .setTypes(float[].class, Classifications.class)
            .optModelPath(model)
            .optEngine("Sparseland")
            .optTranslator(new DigitTranslator())
            .build();
    try (ZooModel<float[], Classifications> loaded = criteria.loadModel();
        Predictor<float[], Classifications> predictor = loaded.newPredictor()) {
      return predictor.predict(pixels);
    }
  }

  /** A vertical stroke in the middle of the image. */
  static float[] drawnOne() {
    float[] pixels = new float[SIDE * SIDE];
    for (int row = 5; row < 23; row++) {
      for (int column = 13; column < 16; column++) {
        pixels[row * SIDE + column] = 1;
      }
    }
    return pixels;
  }

  private static final class DigitTranslator implements Translator<float[], Classifications> {

    @Override
    public NDList processInput(TranslatorContext context, float[] pixels) {
      return new NDList(context.getNDManager().create(pixels, new Shape(1, SIDE, SIDE)));
    }

    @Override
    public Classifications processOutput(TranslatorContext context, NDList list) {
      NDArray probabilities = list.singletonOrThrow().softmax(0);
      List<String> names = IntStream.range(0, 10).mapToObj(Integer::toString).toList();
      return new Classifications(names, probabilities);
    }
  }
}
