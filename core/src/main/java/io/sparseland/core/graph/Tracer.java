// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Torch;
import io.sparseland.core.graph.Argument.Literal;
import io.sparseland.core.graph.Argument.TrainingFlag;
import io.sparseland.core.graph.RawOperation.Trace;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Traces any initialised block into a {@link Graph}, by running it on proxies with zeros as input.
 *
 * <p>It runs once per corner of the symbols' sizes and once more to check, in inference; and in
 * training, to find flags that follow the mode and blocks that run other operations then. The block
 * is not changed and nothing is left behind.
 */
public final class Tracer {

  private Tracer() {}

  /**
   * Traces with fp32 inputs whose first dimension is the batch.
   *
   * @throws TraceException naming block and operation when it cannot be traced
   */
  public static Graph trace(Block block, ai.djl.ndarray.types.Shape... shapes) {
    return trace(block, Arrays.stream(shapes).map(TraceInput::of).toArray(TraceInput[]::new));
  }

  /**
   * Traces with described inputs.
   *
   * @throws IllegalArgumentException when the block is not initialised or the inputs contradict
   * @throws TraceException naming block and operation when it cannot be traced
   */
  public static Graph trace(Block block, TraceInput... inputs) {
    check(block, inputs);
    return Torch.withoutGradients(() -> new Session(block, List.of(inputs)).run());
  }

  /**
   * The operations of one inference pass at exactly these sizes: a single run in place of several,
   * for estimates of a large model. The graph holds for no other size, nor for training.
   *
   * @throws IllegalArgumentException when the block is not initialised or there is no input
   * @throws TraceException naming block and operation when it cannot be traced
   */
  public static Graph outline(Block block, TraceInput... inputs) {
    check(block, inputs);
    List<TraceInput> fixed = Arrays.stream(inputs).map(TraceInput::fixed).toList();
    return Torch.withoutGradients(() -> new Session(block, fixed).outline());
  }

  private static void check(Block block, TraceInput... inputs) {
    if (!block.isInitialized()) {
      throw new IllegalArgumentException(
          block.getClass().getSimpleName() + " is not initialized; call initialize before tracing");
    }
    if (inputs.length == 0) {
      throw new IllegalArgumentException("a block is traced with at least one input");
    }
  }

  private static final class Session {

    private final Block block;
    private final List<TraceInput> inputs;
    private final Names names;
    private final SamplePoints points;

    Session(Block block, List<TraceInput> inputs) {
      this.block = block;
      this.inputs = inputs;
      this.names = Names.of(block);
      this.points = SamplePoints.of(inputs);
    }

    Graph run() {
      List<Trace> inference = traces(false);
      Optional<String> refusal = Optional.empty();
      Trace training = null;
      try {
        training = trace(points.points().get(0), true);
      } catch (TraceException e) {
        refusal = Optional.of(String.valueOf(e.getMessage()));
      }
      List<boolean[]> flags = training == null ? null : flags(inference.get(0), training);
      Graph.Body body;
      Graph.Body trainingBody;
      if (flags != null) {
        body = Merge.of(points, names, withFlags(inference, flags), training);
        trainingBody = body;
      } else {
        body = Merge.of(points, names, inference, null);
        trainingBody = training == null ? body : Merge.of(points, names, traces(true), null);
      }
      return new Graph(specs(), List.copyOf(names.parameters()), body, trainingBody, refusal);
    }

    Graph outline() {
      Graph.Body body = Merge.of(points, names, traces(false), null);
      return new Graph(
          specs(),
          List.copyOf(names.parameters()),
          body,
          body,
          Optional.of("the graph is an outline of inference at fixed sizes"));
    }

    private List<Trace> traces(boolean training) {
      return points.points().stream().map(p -> trace(p, training)).toList();
    }

    private Trace trace(Map<String, Long> point, boolean training) {
      try (NDScope scope = new NDScope();
          NDManager manager = manager()) {
        scope.suppressNotUsedWarning();
        Recorder recorder = new Recorder(names);
        NDList arrays = new NDList();
        for (int i = 0; i < inputs.size(); i++) {
          TraceInput input = inputs.get(i);
          arrays.add(recorder.input(i, manager.zeros(points.shape(input, point), input.type())));
        }
        ParameterStore store = recorder.wrap(new ParameterStore(manager, false));
        return recorder.finish(block.forward(store, arrays, training, null));
      } catch (ClassCastException e) {
        throw new TraceException(
            "%s casts an array to a class of its engine, so it cannot be traced: %s"
                .formatted(names.describe(block.getClass()), e.getMessage()),
            e);
      }
    }

    private NDManager manager() {
      return names.parameters().stream()
          .findFirst()
          .map(p -> p.parameter().getArray().getManager().newSubManager())
          .orElseGet(() -> NDManager.newBaseManager(Torch.ENGINE));
    }

    private List<InputSpec> specs() {
      List<InputSpec> specs = new ArrayList<>();
      for (int i = 0; i < inputs.size(); i++) {
        TraceInput input = inputs.get(i);
        String name = inputs.size() == 1 ? "input" : "input." + i;
        List<Size> shape = new ArrayList<>();
        for (int d = 0; d < input.shape().dimension(); d++) {
          String symbol = input.symbols().get(d);
          shape.add(symbol == null ? Size.of(input.shape().get(d)) : Size.symbol(symbol));
        }
        specs.add(new InputSpec(input.name().isEmpty() ? name : input.name(), input.type(), shape));
      }
      return specs;
    }

    /** Where the two modes differ by a boolean only; null when they differ otherwise. */
    private static @Nullable List<boolean[]> flags(Trace inference, Trace training) {
      if (inference.operations().size() != training.operations().size()
          || !inference.outputs().equals(training.outputs())) {
        return null;
      }
      List<boolean[]> flags = new ArrayList<>();
      for (int i = 0; i < inference.operations().size(); i++) {
        boolean[] own = flags(inference.operations().get(i), training.operations().get(i));
        if (own == null) {
          return null;
        }
        flags.add(own);
      }
      return flags;
    }

    private static boolean @Nullable [] flags(RawOperation inference, RawOperation training) {
      if (!inference.method().equals(training.method())
          || !inference.target().equals(training.target())
          || !inference.results().equals(training.results())
          || inference.arguments().size() != training.arguments().size()) {
        return null;
      }
      boolean[] flags = new boolean[inference.arguments().size()];
      for (int a = 0; a < flags.length; a++) {
        Argument first = inference.arguments().get(a);
        Argument second = training.arguments().get(a);
        flags[a] = first.equals(new Literal(false)) && second.equals(new Literal(true));
        if (!flags[a] && !first.equals(second)) {
          return null;
        }
      }
      return flags;
    }

    private static List<Trace> withFlags(List<Trace> traces, List<boolean[]> flags) {
      return traces.stream().map(t -> withFlags(t, flags)).toList();
    }

    private static Trace withFlags(Trace trace, List<boolean[]> flags) {
      List<RawOperation> changed = new ArrayList<>();
      for (int i = 0; i < trace.operations().size(); i++) {
        RawOperation operation = trace.operations().get(i);
        boolean[] own = i < flags.size() ? flags.get(i) : new boolean[0];
        for (int a = 0; a < own.length && a < operation.arguments().size(); a++) {
          if (own[a] && operation.arguments().get(a) instanceof Literal) {
            operation = operation.withArgument(a, new TrainingFlag());
          }
        }
        changed.add(operation);
      }
      return new Trace(List.copyOf(changed), trace.outputs());
    }
  }
}
