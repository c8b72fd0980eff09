// SPDX-License-Identifier: Apache-2.0
package io.sparseland.examples;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.metric.Metrics;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;
import io.sparseland.core.Allocation;
import io.sparseland.core.Masks;
import io.sparseland.core.Selector;
import io.sparseland.core.Trigger;
import io.sparseland.core.export.ExportOptions;
import io.sparseland.core.export.Exporter;
import io.sparseland.models.Lenet;
import io.sparseland.schedulers.Cosine;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.training.Sparsity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * A training loop as any DJL user writes it, made sparse by two lines; then exported, if a folder
 * is named, for {@link Serve}.
 *
 * <pre>{@code
 * TrainSparse [FOLDER_OF_MNIST [EPOCHS [EXAMPLES [MODEL_DIRECTORY]]]]
 * }</pre>
 */
public final class TrainSparse {

  private static final int BATCH = 64;

  private TrainSparse() {}

  /** Trains LeNet-300-100 on MNIST at 90 % sparsity and prints what came of it. */
  public static void main(String[] args) throws IOException, TranslateException {
    Path folder = Path.of(args.length > 0 ? args[0] : "examples/data/mnist");
    int epochs = args.length > 1 ? Integer.parseInt(args[1]) : 3;
    int examples = args.length > 2 ? Integer.parseInt(args[2]) : 60_000;
    Optional<Path> export = args.length > 3 ? Optional.of(Path.of(args[3])) : Optional.empty();
    Result result = train(folder, epochs, examples, export);
    System.out.printf(
        Locale.ROOT,
        "accuracy=%.4f sparsity=%.4f kept=%d%n",
        result.accuracy(),
        result.masks().sparsity(),
        result.masks().kept());
  }

  record Result(float accuracy, Masks masks) {}

  static Result train(Path folder, int epochs, int examples, Optional<Path> export)
      throws IOException, TranslateException {
    Engine.getInstance().setRandomSeed(17);
    Block block = Lenet.of(300, 100).get();
    try (Model model = Model.newInstance("lenet");
        MnistFiles mnist = MnistFiles.unpack(folder, model.getNDManager())) {
      model.setBlock(block);
      block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(BATCH, 1, 28, 28));
      RandomAccessDataset train = mnist.training(BATCH, examples);
      long steps = epochs * ((train.size() + BATCH - 1) / BATCH);
      Optimizer optimizer =
          Optimizer.sgd()
              .setLearningRateTracker(Tracker.fixed(0.1f))
              .optMomentum(0.9f)
              .optWeightDecays(1e-4f)
              .build();

      var sparsity =
          Sparsity.of(
                  new RigL(
                      Cosine.decay(0.3, steps * 3 / 4), Trigger.every(100).until(steps * 3 / 4)))
              .at(0.9, Allocation.erk())
              .on(Selector.all());
      var config =
          new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
              .optDevices(new Device[] {Device.cpu()})
              .addEvaluator(new Accuracy())
              .optOptimizer(sparsity.wrap(optimizer)) // the first line
              .addTrainingListeners(sparsity.listener()) // the second line
              .addTrainingListeners(TrainingListener.Defaults.basic());

      try (Trainer trainer = model.newTrainer(config)) {
        trainer.setMetrics(new Metrics());
        EasyTrain.fit(trainer, epochs, train, mnist.test(BATCH));
        export.ifPresent(to -> export(model, sparsity.masks(), to));
        return new Result(
            trainer.getTrainingResult().getValidateEvaluation("Accuracy"), sparsity.masks());
      }
    }
  }

  /** Writes the model directory; outputs for noise must agree with DJL's. */
  private static void export(Model model, Masks masks, Path to) {
    Shape one = new Shape(1, 1, 28, 28);
    NDList probe = new NDList(model.getNDManager().randomUniform(0, 1, one));
    new Exporter()
        .export(model.getBlock(), one, masks, ExportOptions.named("train-sparse"), to, probe);
  }
}
