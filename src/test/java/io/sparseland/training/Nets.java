// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.sparseland.core.Geometry;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerType;
import io.sparseland.core.Selector;
import io.sparseland.models.Mlp;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/** Small networks and data for training tests. */
final class Nets {

  private Nets() {}

  /** An initialised multi-layer perceptron with layers {@code linear.0}, {@code linear.1}, ... */
  static Model mlp(long seed, Integer... sizes) {
    Engine.getEngine("PyTorch").setRandomSeed((int) seed);
    Model model = Model.newInstance("test", "PyTorch");
    model.setBlock(new Mlp(List.of(sizes)).get());
    model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, sizes[0]));
    return model;
  }

  /** Points around one random centre per class. */
  static Examples blobs(int count, int inputs, int classes, long seed) {
    Random random = new Random(seed);
    float[][] centres = new float[classes][inputs];
    for (float[] centre : centres) {
      for (int i = 0; i < inputs; i++) {
        centre[i] = (float) random.nextGaussian();
      }
    }
    float[] x = new float[count * inputs];
    float[] y = new float[count];
    for (int n = 0; n < count; n++) {
      y[n] = n % classes;
      for (int i = 0; i < inputs; i++) {
        x[n * inputs + i] = centres[n % classes][i] + 0.5f * (float) random.nextGaussian();
      }
    }
    return Examples.of(x, new Shape(inputs), y);
  }

  /** The same for DJL's own loop, not shuffled. */
  static ArrayDataset dataset(NDManager manager, Examples examples, int batch) {
    int[] all = IntStream.range(0, examples.size()).toArray();
    NDArray x = manager.create(examples.batchShape(examples.size()), DataType.FLOAT32);
    NDArray y = manager.create(new Shape(examples.size()), DataType.FLOAT32);
    examples.gather(
        all,
        0,
        all.length,
        x.toByteBuffer(true).asFloatBuffer(),
        y.toByteBuffer(true).asFloatBuffer());
    return new ArrayDataset.Builder().setData(x).optLabels(y).setSampling(batch, false).build();
  }

  static DefaultTrainingConfig config() {
    return new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
        .optDevices(new Device[] {Device.cpu()});
  }

  static Optimizer sgd() {
    return Optimizer.sgd()
        .setLearningRateTracker(Tracker.fixed(0.05f))
        .optMomentum(0.9f)
        .optWeightDecays(0.01f)
        .build();
  }

  static Optimizer adam() {
    return Optimizer.adam()
        .optLearningRateTracker(Tracker.fixed(0.01f))
        .optWeightDecays(0.01f)
        .build();
  }

  static Optimizer adamW() {
    return Optimizer.adamW().optLearningRateTracker(Tracker.fixed(0.01f)).build();
  }

  /** All linear layers, the last one too. */
  static Selector everyLinear() {
    return new Selector(Set.of(LayerType.LINEAR), List.of(), List.of());
  }

  /** Certain layers. */
  static Selector only(String... names) {
    return new Selector(Set.of(LayerType.LINEAR), List.of(names), List.of());
  }

  static float[] weights(Model model, String layer) {
    return parameter(model, layer).getArray().toFloatArray();
  }

  /** The weight of {@code linear.i}. */
  static Parameter parameter(Model model, String layer) {
    int index = Integer.parseInt(layer.substring("linear.".length()));
    return model.getBlock().getParameters().values().stream()
        .filter(p -> p.getType() == Parameter.Type.WEIGHT)
        .skip(index)
        .findFirst()
        .orElseThrow();
  }

  static Layer layer(Model model, String name) {
    Parameter weight = parameter(model, name);
    Shape shape = weight.getShape();
    return Layer.of(
        name, LayerType.LINEAR, Geometry.linear((int) shape.get(0), (int) shape.get(1)), weight);
  }
}
