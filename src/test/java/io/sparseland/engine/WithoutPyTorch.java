// SPDX-License-Identifier: Apache-2.0
package io.sparseland.engine;

import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A program of its own, run without PyTorch on its class path; writes what it sees to a file. */
final class WithoutPyTorch {

  private WithoutPyTorch() {}

  /** Softmax, argMax, reshape and reading, as far as a translator may go alone. */
  private static final class Probabilities implements Translator<float[], float[]> {
    @Override
    public NDList processInput(TranslatorContext context, float[] input) {
      NDArray x = context.getNDManager().create(input, new Shape(2, 3));
      return new NDList(x.reshape(6));
    }

    @Override
    public float[] processOutput(TranslatorContext context, NDList list) {
      NDArray y = list.singletonOrThrow().softmax(-1);
      float best = y.getFloat(y.argMax().getLong());
      float[] result = new float[4];
      System.arraycopy(y.toFloatArray(), 0, result, 0, 3);
      result[3] = best;
      return result;
    }
  }

  public static void main(String[] args) throws Exception {
    List<String> lines = new ArrayList<>();
    lines.add("default=" + Engine.getDefaultEngineName());
    lines.add("pytorch=" + Engine.hasEngine("PyTorch"));
    Criteria<float[], float[]> criteria =
        Criteria.builder()
            .setTypes(float[].class, float[].class)
            .optEngine("Sparseland")
            .optModelPath(Path.of(args[0]))
            .optTranslator(new Probabilities())
            .build();
    try (ZooModel<float[], float[]> model = criteria.loadModel();
        Predictor<float[], float[]> predictor = model.newPredictor()) {
      List<float[]> inputs = List.of(new float[] {1, 2, 3, 4, 5, 6}, new float[6]);
      for (float[] y : predictor.batchPredict(inputs)) {
        lines.add("y=" + y[0] + " " + y[1] + " " + y[2] + " " + y[3]);
      }
      NDArray x = model.getNDManager().create(new float[] {1, 2});
      lines.add("add: " + message(() -> x.add(x)));
      lines.add("addi: " + message(() -> x.addi(1)));
      lines.add("relu: " + message(() -> x.getNDArrayInternal().relu()));
      lines.add("normal: " + message(() -> x.getManager().randomNormal(new Shape(2))));
    }
    Files.write(Path.of(args[1]), lines);
  }

  private static String message(Runnable operation) {
    try {
      operation.run();
      return "ran";
    } catch (UnsupportedOperationException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
