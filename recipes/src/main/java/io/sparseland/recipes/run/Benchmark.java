// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import io.sparseland.core.Torch;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.Threads;
import io.sparseland.kernels.runtime.SparseModel;
import io.sparseland.recipes.data.Samples;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Times the dense DJL/PyTorch {@code Predictor} and the exported model on the same inputs, in
 * turns, so that both meet the same disturbances. Weights of the dense model are the pruned ones:
 * dense kernels take as long with zeros.
 */
public final class Benchmark {

  private static final int ROUNDS = 25;
  private static final double ROUND_SECONDS = 0.02;
  private static final int WARM_UP_ROUNDS = 10;
  private static final double WARM_UP_SECONDS = 0.5; // the compiler of the JVM needs calls and time

  private final Model dense;
  private final Path exported;
  private final Samples samples;
  private final Watcher watcher;

  /** A benchmark of two forms of one model on given examples. */
  public Benchmark(Model dense, Path exported, Samples samples, Watcher watcher) {
    this.dense = dense;
    this.exported = exported;
    this.samples = samples;
    this.watcher = watcher;
  }

  /** Every combination of batch size and thread count; the thread counts are put back. */
  public List<BenchRow> run(List<Integer> batches, List<Integer> threads) {
    int torchBefore = Torch.threads();
    int ownBefore = Threads.count();
    List<BenchRow> rows = new ArrayList<>();
    try {
      for (int count : threads) {
        Torch.setThreads(count);
        Threads.set(count);
        for (int batch : batches) {
          watcher.progress(rows.size(), (long) batches.size() * threads.size(), "");
          rows.add(Torch.withoutGradients(() -> row(batch, count)));
        }
      }
    } finally {
      Torch.setThreads(torchBefore);
      Threads.set(ownBefore);
    }
    return rows;
  }

  private BenchRow row(int batch, int threads) {
    try (SparseModel sparse = SparseModel.load(exported);
        NDManager manager = dense.getNDManager().newSubManager();
        Predictor<NDList, NDList> predictor = dense.newPredictor(new NoopTranslator(null))) {
      Shape shape = new Shape(batch).addAll(samples.item());
      float[] inputs = samples.inputs(0, batch);
      NDArray array = manager.create(inputs, shape);
      Tensor input =
          Tensor.allocate(
              ElementType.FLOAT32,
              Arrays.stream(shape.getShape()).mapToInt(Math::toIntExact).toArray());
      input.floats().put(inputs);
      List<Tensor> tensors = List.of(input);
      List<Tensor> outputs = sparse.run(tensors);
      Runnable denseCall = () -> predict(predictor, array);
      Runnable sparseCall = () -> sparse.run(tensors, outputs);
      return measure(batch, threads, denseCall, sparseCall, sparse.kernels());
    }
  }

  private BenchRow measure(
      int batch, int threads, Runnable dense, Runnable sparse, String kernels) {
    int denseCalls = calls(dense);
    int sparseCalls = calls(sparse);
    double[] denseMs = new double[ROUNDS];
    double[] sparseMs = new double[ROUNDS];
    for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      if (watcher.stop()) {
        throw new Interrupted();
      }
      double d = time(dense, denseCalls);
      double s = time(sparse, sparseCalls);
      if (round >= 0) {
        denseMs[round] = d;
        sparseMs[round] = s;
      }
    }
    Quartiles d = Quartiles.of(denseMs);
    Quartiles s = Quartiles.of(sparseMs);
    return new BenchRow(
        batch,
        threads,
        d.median(),
        s.median(),
        d.spread(),
        s.spread(),
        d.median() / s.median(),
        ROUNDS,
        kernels);
  }

  /** How many calls fill a round, measured after the first warm-up. */
  private static int calls(Runnable call) {
    long start = System.nanoTime();
    while (System.nanoTime() - start < WARM_UP_SECONDS * 1e9) {
      call.run();
    }
    double ms = Math.max(1e-4, time(call, 10));
    return (int) Math.max(1, Math.min(2000, Math.round(ROUND_SECONDS * 1000 / ms)));
  }

  /** Milliseconds per call. */
  private static double time(Runnable call, int calls) {
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      call.run();
    }
    return (System.nanoTime() - start) / 1e6 / calls;
  }

  private static void predict(Predictor<NDList, NDList> predictor, NDArray input) {
    try {
      predictor.predict(new NDList(input)).close();
    } catch (TranslateException e) {
      throw new IllegalStateException("the dense model cannot predict", e);
    }
  }
}
