// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Layout;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.ModelDirectory;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.ValueType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model ready to run: weights packed for the kernels, buffers preallocated for each size of
 * input.
 *
 * <p>Between layers values lie in {@link io.sparseland.kernels.Layout#PANELS} where that saves
 * time; {@code -Dsparseland.panels=off} keeps rows. {@code -Dsparseland.profile=true} logs the time
 * of each kind of step when the model closes.
 *
 * <p>Safe for use by any number of threads at once; a result has the same bits whatever runs beside
 * it. Inputs may have any value of the graph's symbols (batch, sequence), not only those it was
 * traced with; the first call of a size plans it. Inputs are read in place and must not change
 * during the call. {@link #close} waits for running calls; later ones are an {@link
 * IllegalStateException}.
 */
public final class SparseModel implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(SparseModel.class);
  private static final int MOST_IDLE = Math.max(8, 2 * Runtime.getRuntime().availableProcessors());
  private static final long MOST_IDLE_BYTES = 1L << 30;

  private final ModelContent content;
  private final ModelGraph graph;
  private final Kernels kernels;
  private final Weights weights;
  private final ExecutionPool pool = new ExecutionPool(MOST_IDLE, MOST_IDLE_BYTES);
  private final boolean panels;
  private final @Nullable Profile profile;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed; // guarded by lock
  private volatile @Nullable Bound last;

  private SparseModel(ModelContent content, Kernels kernels, boolean panels) {
    this.panels = panels;
    this.profile = Boolean.getBoolean("sparseland.profile") ? new Profile() : null;
    this.content = content;
    this.graph = content.graph();
    this.kernels = kernels;
    this.weights = new Weights(content, kernels);
  }

  /**
   * Loads a model directory for the best kernels of this machine.
   *
   * @throws io.sparseland.kernels.format.FormatException if it is not a sound model
   */
  public static SparseModel load(Path directory) {
    return load(directory, Kernels.best());
  }

  /**
   * Loads a model directory for the given kernels.
   *
   * @throws io.sparseland.kernels.format.FormatException if it is not a sound model
   */
  public static SparseModel load(Path directory, Kernels kernels) {
    return of(ModelDirectory.read(directory), kernels);
  }

  /** A model from memory. */
  public static SparseModel of(ModelContent content, Kernels kernels) {
    return of(content, kernels, !"off".equals(System.getProperty("sparseland.panels")));
  }

  /** A model whose values may lie in panels between layers, or not. */
  static SparseModel of(ModelContent content, Kernels kernels, boolean panels) {
    return new SparseModel(content, kernels, panels);
  }

  /** What {@link #run} takes, in order. */
  public List<Port> inputs() {
    return graph.inputs();
  }

  /** What {@link #run} gives, in order. */
  public List<Port> outputs() {
    return graph.outputs();
  }

  /** Graph, stored tensors and provenance. */
  public ModelContent content() {
    return content;
  }

  /** Name of the kernels: {@code avx512}, {@code avx2}, {@code scalar} or {@code java}. */
  public String kernels() {
    return kernels.name();
  }

  /** Designs of the file that these kernels replaced, and why; one line each. */
  public List<String> notes() {
    return weights.notes();
  }

  /**
   * Name of the design that multiplies this many tokens by a weight of a linear layer or a
   * convolution.
   *
   * @throws IllegalStateException if there is no such weight
   */
  public String design(String tensor, int tokens) {
    return weights.design(tensor, tokens);
  }

  /** Memory held outside the heap by weights and buffers, in bytes. */
  public long residentBytes() {
    return weights.bytes() + pool.bytes();
  }

  /**
   * Runs the model into new tensors.
   *
   * @throws IllegalArgumentException naming the input, what was found and what is allowed
   * @throws IllegalStateException if the model is closed
   */
  public List<Tensor> run(List<Tensor> inputs) {
    Map<String, Long> symbols = symbols(inputs);
    List<Tensor> outputs = new ArrayList<>();
    for (Port port : graph.outputs()) {
      int[] shape = new ValueType(port.type(), port.shape()).at(symbols);
      outputs.add(Tensor.allocate(port.type(), shape));
    }
    run(symbols, inputs, outputs);
    return outputs;
  }

  /**
   * Runs the model into given tensors.
   *
   * @throws IllegalArgumentException naming the input or output, what was found and what is allowed
   * @throws IllegalStateException if the model is closed
   */
  public void run(List<Tensor> inputs, List<Tensor> outputs) {
    Map<String, Long> symbols = symbols(inputs);
    checkOutputs(symbols, outputs);
    run(symbols, inputs, outputs);
  }

  /**
   * Runs a model that has one fp32 input and one fp32 output, whose only symbol is the first
   * dimension of the input.
   *
   * @param input the rows of the batch one after the other
   * @param batch number of rows
   * @return the output, row-major
   * @throws IllegalArgumentException if model or input are not so
   */
  public float[] run(float[] input, int batch) {
    if (inputs().size() != 1
        || outputs().size() != 1
        || outputs().get(0).type() != ElementType.FLOAT32
        || inputs().get(0).type() != ElementType.FLOAT32) {
      throw new IllegalArgumentException(
          "inputs %s, outputs %s; allowed here: one FLOAT32 input, one FLOAT32 output"
              .formatted(inputs(), outputs()));
    }
    Port port = inputs().get(0);
    Map<String, Long> symbols = new HashMap<>();
    if (!port.shape().isEmpty() && port.shape().get(0).isSymbol()) {
      symbols.put(port.shape().get(0).toString(), (long) batch);
    }
    int[] shape = new ValueType(port.type(), port.shape()).at(symbols);
    if (shape.length > 0 && shape[0] != batch) {
      throw new IllegalArgumentException(
          "input '%s': found batch %d; allowed: %d".formatted(port.name(), batch, shape[0]));
    }
    return run(List.of(Tensor.of(input, shape))).get(0).toArray();
  }

  /** Waits for running calls and frees the memory. Closing twice does nothing. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        pool.clear();
        weights.close();
        if (profile != null) {
          LOG.info("event=profile model={}\n{}", content.provenance().name(), profile);
        }
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Number of executions kept for later calls. */
  int idleExecutions() {
    return pool.idleCount();
  }

  /** Number of executions in use. */
  int busyExecutions() {
    return pool.busyCount();
  }

  private void run(Map<String, Long> symbols, List<Tensor> inputs, List<Tensor> outputs) {
    lock.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("model '" + content.provenance().name() + "' is closed");
      }
      Execution execution = pool.borrow(symbols, () -> new Execution(plan(symbols), profile));
      try {
        execution.run(inputs, outputs);
      } finally {
        pool.giveBack(symbols, execution);
      }
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Checks the inputs; those like the last ones need no thought. */
  private Map<String, Long> symbols(List<Tensor> inputs) {
    Bound known = last;
    if (known != null && known.fits(inputs)) {
      return known.symbols();
    }
    Map<String, Long> symbols = Binding.of(graph.inputs(), inputs);
    last = new Bound(inputs, symbols);
    return symbols;
  }

  private Plan plan(Map<String, Long> symbols) {
    Map<String, ValueType> types = graph.infer(content.shapes(), symbols);
    return new Plan(graph, types, new Steps(kernels, weights, symbols), panels);
  }

  private void checkOutputs(Map<String, Long> symbols, List<Tensor> outputs) {
    if (outputs.size() != graph.outputs().size()) {
      throw new IllegalArgumentException(
          "found %d outputs; allowed: %d".formatted(outputs.size(), graph.outputs().size()));
    }
    for (int i = 0; i < outputs.size(); i++) {
      Port port = graph.outputs().get(i);
      Tensor output = outputs.get(i);
      int[] allowed = new ValueType(port.type(), port.shape()).at(symbols);
      if (output.type() != port.type()
          || output.layout() != Layout.ROWS
          || !Arrays.equals(output.shape(), allowed)
          || output.bytes().isReadOnly()) {
        throw new IllegalArgumentException(
            "output '%s': found %s%s; allowed: writable %s%s"
                .formatted(
                    port.name(),
                    output.bytes().isReadOnly() ? "read-only " : "",
                    output,
                    port.type(),
                    Arrays.toString(allowed)));
      }
    }
  }
}
