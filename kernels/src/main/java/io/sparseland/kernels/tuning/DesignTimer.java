// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.tuning;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.PackedWeights;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.format.KernelChoice;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Times the designs that take a matrix, in turns, so that all meet the same disturbances. A design
 * that is four times slower than the best when warming up is not timed further, unless it is dense;
 * what it took then is its only time.
 */
public final class DesignTimer {

  private static final double WARM_UP_SECONDS = 1e-3;
  private static final double ROUND_SECONDS = 1e-4;
  private static final int MOST_CALLS = 200;
  private static final double HOPELESS = 4;
  private static final int AGAIN = 5; // times the rounds for the last two
  private static final int FLUSH_FLOATS = 16 << 20; // 64 MiB: more than the caches of a CPU here

  private final Kernels kernels;
  private final int rounds;
  private final float[] flush;
  private final Tensor awake = Tensor.allocate(ElementType.FLOAT32, 1 << 16);

  /**
   * Times of one design.
   *
   * @param design its name
   * @param seconds per call, one for each round
   */
  public record Times(String design, List<Double> seconds) {

    /** Copies the list. */
    public Times {
      seconds = List.copyOf(seconds);
    }

    /** Median of the rounds, in seconds. */
    public double median() {
      double[] sorted = seconds.stream().mapToDouble(s -> s).sorted().toArray();
      int middle = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
  }

  /**
   * Creates a timer.
   *
   * @param rounds in which every design has its turn
   * @param cold whether the caches are emptied before every call: a model that is larger than them
   *     finds its weights in memory whenever it runs
   */
  public DesignTimer(Kernels kernels, int rounds, boolean cold) {
    this.kernels = kernels;
    this.rounds = rounds;
    this.flush = new float[cold ? FLUSH_FLOATS : 0];
  }

  /**
   * Times every design that takes the matrix and that the filter lets through.
   *
   * @param tokens of a convolution: output pixels of one image, which is about square
   */
  public List<Times> time(Matrix w, int tokens, Predicate<String> filter) {
    return time(w, tokens, filter, false);
  }

  /**
   * Times every design that takes the matrix, the fastest dense and the fastest sparse one once
   * more and longer: among the others large weights lose their place in the last-level cache, and
   * what else the machine does changes every few milliseconds.
   */
  public List<Times> timeFinal(Matrix w, int tokens) {
    return time(w, tokens, design -> true, true);
  }

  private List<Times> time(Matrix w, int tokens, Predicate<String> filter, boolean twoAgain) {
    List<Candidate> candidates = new ArrayList<>();
    try {
      for (String design : kernels.designs()) {
        if (filter.test(design) && kernels.refuses(w, design).isEmpty()) {
          candidates.add(new Candidate(kernels.pack(w, design)));
        }
      }
      return time(w, tokens, candidates, twoAgain);
    } finally {
      candidates.forEach(candidate -> candidate.packed.close());
    }
  }

  private List<Times> time(Matrix w, int tokens, List<Candidate> candidates, boolean twoAgain) {
    Tensor x = input(w, tokens);
    Tensor y = output(w, x);
    double best = Double.POSITIVE_INFINITY;
    for (Candidate candidate : candidates) {
      candidate.warmUp(x, y);
      best = Math.min(best, candidate.estimate);
    }
    double limit = HOPELESS * best;
    inTurns(
        rounds, candidates.stream().filter(c -> c.estimate <= limit || c.dense()).toList(), x, y);
    if (twoAgain) {
      List<Candidate> two =
          Stream.of(true, false).flatMap(dense -> fastest(candidates, dense).stream()).toList();
      two.forEach(candidate -> candidate.seconds.clear());
      inTurns(flush.length > 0 ? rounds : AGAIN * rounds, two, x, y);
    }
    return candidates.stream().map(c -> c.times(tokens)).toList();
  }

  private void inTurns(int rounds, List<Candidate> candidates, Tensor x, Tensor y) {
    for (int round = 0; round < rounds; round++) {
      candidates.forEach(candidate -> candidate.round(x, y));
    }
  }

  private static Optional<Candidate> fastest(List<Candidate> candidates, boolean dense) {
    return candidates.stream()
        .filter(c -> c.dense() == dense)
        .min(Comparator.comparingDouble(c -> c.times(1).median()));
  }

  private static Tensor input(Matrix w, int tokens) {
    ConvShape s = w.window();
    if (s == null) {
      return random(tokens, w.inputs());
    }
    int side = Math.max(1, (int) Math.round(Math.sqrt(tokens)));
    int height = (side - 1) * s.strideH() + (s.kernelH() - 1) * s.dilationH() + 1 - 2 * s.padH();
    int width = (side - 1) * s.strideW() + (s.kernelW() - 1) * s.dilationW() + 1 - 2 * s.padW();
    int channels = w.inputs() / (s.kernelH() * s.kernelW()) * s.groups();
    return random(1, channels, Math.max(1, height), Math.max(1, width));
  }

  private static Tensor output(Matrix w, Tensor x) {
    ConvShape s = w.window();
    return s == null
        ? Tensor.allocate(ElementType.FLOAT32, x.dimension(0), w.outputs())
        : Tensor.allocate(
            ElementType.FLOAT32,
            1,
            w.outputs(),
            s.outputH(x.dimension(2)),
            s.outputW(x.dimension(3)));
  }

  private static Tensor random(int... shape) {
    float[] values = new float[IntStream.of(shape).reduce(1, Math::multiplyExact)];
    Random random = new Random(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return Tensor.of(values, shape);
  }

  /** Reads and writes more than the caches hold, and wakes the threads, which have slept. */
  private void emptyCaches() {
    FloatBuffer all = FloatBuffer.wrap(flush);
    for (int i = 0; i < flush.length; i += 16) {
      all.put(i, all.get(i) + 1);
    }
    kernels.unary(UnaryOp.TANH, 0, 0, awake, awake);
  }

  private final class Candidate {

    private final PackedWeights packed;
    private final List<Double> seconds = new ArrayList<>();
    private double estimate;
    private int calls = 1;

    private Candidate(PackedWeights packed) {
      this.packed = packed;
    }

    private Times times(int tokens) {
      return new Times(packed.design(tokens), seconds.isEmpty() ? List.of(estimate) : seconds);
    }

    private boolean dense() {
      return KernelChoice.DENSE.contains(packed.design(1));
    }

    private void warmUp(Tensor x, Tensor y) {
      double[] last = new double[3];
      Arrays.fill(last, Double.POSITIVE_INFINITY);
      long start = System.nanoTime();
      int n = 0;
      while (n < 3 || System.nanoTime() - start < WARM_UP_SECONDS * 1e9) {
        last[n++ % 3] = call(x, y, 1);
      }
      estimate = Arrays.stream(last).min().orElseThrow();
      calls =
          flush.length > 0
              ? 1
              : (int) Math.max(1, Math.min(MOST_CALLS, Math.ceil(ROUND_SECONDS / estimate)));
    }

    private void round(Tensor x, Tensor y) {
      if (flush.length > 0) {
        emptyCaches();
      }
      seconds.add(call(x, y, calls));
    }

    private double call(Tensor x, Tensor y, int times) {
      ConvShape window = packed.window();
      long start = System.nanoTime();
      for (int i = 0; i < times; i++) {
        if (window == null) {
          kernels.linear(packed, null, Activation.NONE, x, y);
        } else {
          kernels.conv2d(packed, null, Activation.NONE, window, x, y);
        }
      }
      return Math.max(1e-9, (System.nanoTime() - start) / 1e9 / times);
    }
  }
}
