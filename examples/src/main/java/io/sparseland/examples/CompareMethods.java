// SPDX-License-Identifier: Apache-2.0
package io.sparseland.examples;

import ai.djl.Model;
import io.sparseland.core.Allocation;
import io.sparseland.core.Selector;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.models.Lenet;
import io.sparseland.recipes.data.DataFolders;
import io.sparseland.recipes.data.LabelledData;
import io.sparseland.recipes.data.Mnist;
import io.sparseland.schedulers.Cosine;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.schedulers.dynamic.Static;
import io.sparseland.training.OptimizerSettings;
import io.sparseland.training.Sparsity;
import io.sparseland.training.TrainHooks;
import io.sparseland.training.TrainLoop;
import io.sparseland.training.TrainPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.inference.TTest;

/**
 * RigL against a static mask, the same seeds for both, LeNet-300-100 on MNIST with ERK densities:
 * is the difference in test accuracy more than chance?
 *
 * <pre>{@code
 * CompareMethods [SPARSITY [SEEDS [EPOCHS [DATA_FOLDER]]]]
 * }</pre>
 */
public final class CompareMethods {

  private static final int BATCH = 100;
  private static final int EVERY = 100;
  private static final double DROP = 0.3;

  private CompareMethods() {}

  /** Prints one line per seed, the means, and the paired t-test. */
  public static void main(String[] args) throws IOException {
    double sparsity = args.length > 0 ? Double.parseDouble(args[0]) : 0.98;
    int seeds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
    int epochs = args.length > 2 ? Integer.parseInt(args[2]) : 10;
    Path data = Path.of(args.length > 3 ? args[3] : "examples/data");
    LabelledData mnist =
        new Mnist(BATCH).open(new DataFolders(Optional.of(data), List.of(), false));
    long end = new TrainPlan(optimizer(), epochs, BATCH, 0, List.of()).steps(mnist.train().size());
    SparsityMethod rigl =
        new RigL(Cosine.decay(DROP, end * 3 / 4), Trigger.every(EVERY).until(end * 3 / 4));

    double[] dynamic = new double[seeds];
    double[] fixed = new double[seeds];
    for (int seed = 0; seed < seeds; seed++) {
      dynamic[seed] = accuracy(rigl, sparsity, seed, epochs, mnist);
      fixed[seed] = accuracy(new Static(), sparsity, seed, epochs, mnist);
      print("seed=%d rigl=%.4f static=%.4f%n", seed, dynamic[seed], fixed[seed]);
    }
    print(
        "sparsity=%.3f epochs=%d mean rigl=%.4f (sd %.4f) static=%.4f (sd %.4f)%n",
        sparsity,
        epochs,
        StatUtils.mean(dynamic),
        Math.sqrt(StatUtils.variance(dynamic)),
        StatUtils.mean(fixed),
        Math.sqrt(StatUtils.variance(fixed)));
    print(
        "paired t-test: t=%.3f, two-sided p=%.5f%n",
        new TTest().pairedT(dynamic, fixed), new TTest().pairedTTest(dynamic, fixed));
  }

  private static double accuracy(
      SparsityMethod method, double sparsity, long seed, int epochs, LabelledData data) {
    try (Model model = Model.newInstance("lenet", "PyTorch")) {
      model.setBlock(Lenet.of(300, 100).get());
      Sparsity sparse =
          Sparsity.of(method).at(sparsity, Allocation.erk()).on(Selector.all()).seed(seed);
      TrainPlan plan = new TrainPlan(optimizer(), epochs, BATCH, seed, List.of(sparse));
      TrainLoop.run(model, data.train().examples(), plan, TrainHooks.none());
      return TrainLoop.accuracy(model, data.test().examples(), 1_000);
    }
  }

  private static OptimizerSettings optimizer() {
    return new OptimizerSettings.Sgd(0.1, 0.9, 1e-4);
  }

  private static void print(String format, Object... values) {
    System.out.printf(Locale.ROOT, format, values);
  }
}
