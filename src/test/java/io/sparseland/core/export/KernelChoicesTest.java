// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparseland.core.Geometry;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.kernels.Activation;
import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.TypedValues;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.tuning.Costs;
import io.sparseland.kernels.tuning.DesignChoice;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelChoicesTest {

  private static final Op LINEAR = new Op.Linear("w", Optional.empty(), Activation.NONE);
  private static final Op CONVOLUTION =
      new Op.Conv2d("w", Optional.empty(), Activation.NONE, ConvShape.square(1, 1, 0));

  /** csr16 halves dense for one token and doubles it for many; csr the other way round. */
  private record Made() implements Costs {
    @Override
    public String source() {
      return "made up";
    }

    @Override
    public String unit() {
      return "dense = 1";
    }

    @Override
    public double doubt() {
      return 0;
    }

    @Override
    public SortedMap<String, Double> of(Matrix w, String pattern, int tokens) {
      boolean few = tokens < 5;
      return new TreeMap<>(
          java.util.Map.of("dense", 1.0, "csr16", few ? 0.5 : 2, "csr", few ? 2.0 : 0.25));
    }
  }

  private static DesignChoice choose(Op reader, int in, int kept, ExportOptions.Kernels kernels) {
    return choices(kernels).choose(stored(in, kept), reader, 49);
  }

  private static StoredTensor stored(int in, int kept) {
    Geometry geometry = Geometry.linear(10, in);
    BitSet keep = new BitSet();
    keep.set(0, kept);
    Mask mask = Mask.of(geometry, Pattern.unstructured(), keep);
    return new StoredTensor(
        "w",
        List.of(10, in),
        "unstructured",
        LongBuffer.wrap(mask.words()),
        TypedValues.fp32(FloatBuffer.allocate(kept)),
        KernelChoice.dense(""));
  }

  private static KernelChoices choices(ExportOptions.Kernels kernels) {
    return new KernelChoices(
        new ExportOptions.Form(WeightType.FP32, kernels, Optional.empty(), 32), new Made());
  }

  @ParameterizedTest
  @CsvSource({"AUTO, csr", "SPARSE, csr", "DENSE, dense"})
  void a_convolution_goes_by_costs_and_wish(ExportOptions.Kernels kernels, String design) {
    DesignChoice made = choose(CONVOLUTION, 100, 301, kernels);

    assertThat(made.choice().designs()).isEqualTo(design);
    assertThat(made.costs()).containsOnlyKeys(49); // output pixels
  }

  @Test
  void a_depthwise_convolution_runs_dense() {
    ConvShape shape = new ConvShape(3, 3, 1, 1, 1, 1, 1, 1, 10);
    Op depthwise = new Op.Conv2d("w", Optional.empty(), Activation.NONE, shape);

    assertThat(choose(depthwise, 9, 20, ExportOptions.Kernels.SPARSE).choice().reason())
        .isEqualTo("depthwise: one kernel, which multiplies all weights");
  }

  @ParameterizedTest
  @CsvSource({"AUTO, csr16/csr", "SPARSE, csr16/csr", "DENSE, dense"})
  void a_linear_layer_goes_by_costs_and_wish(ExportOptions.Kernels kernels, String design) {
    assertThat(choose(LINEAR, 100, 301, kernels).choice().designs()).isEqualTo(design);
  }

  @Test
  void says_why_and_how_fast() {
    DesignChoice linear = choose(LINEAR, 100, 301, ExportOptions.Kernels.AUTO);

    // of 2, 4, 8, 16: csr is cheaper from 8 on
    assertThat(linear.choice().batchFrom()).isEqualTo(8);
    assertThat(linear.choice().reason()).isEqualTo("made up: csr16 below 8 tokens, then csr");
    assertThat(linear.told())
        .isEqualTo(
            "1 token 2.00x dense, 4 tokens 2.00x dense, 8 tokens 4.00x dense, 16 tokens 4.00x"
                + " dense, 32 tokens 4.00x dense, 128 tokens 4.00x dense");
    assertThat(choose(CONVOLUTION, 100, 301, ExportOptions.Kernels.AUTO).choice().reason())
        .isEqualTo("made up: csr is fastest");
  }

  /** csr costs what is given, dense 10. */
  private record Near(double csr, double doubt) implements Costs {
    @Override
    public String source() {
      return "made up";
    }

    @Override
    public String unit() {
      return "microseconds";
    }

    @Override
    public SortedMap<String, Double> of(Matrix w, String pattern, int tokens) {
      return new TreeMap<>(java.util.Map.of("dense", 10.0, "csr", csr));
    }
  }

  @ParameterizedTest
  @CsvSource({"9.0, 0, csr", "9.2, 0, dense", "9.0, 0.2, dense", "8.8, 0.2, csr"})
  void a_sparse_design_must_look_clearly_faster(double csr, double doubt, String design) {
    Matrix w =
        new Matrix(
            10, 100, null, LongBuffer.allocate(16), TypedValues.fp32(FloatBuffer.allocate(0)));

    assertThat(
            DesignChoice.of(w, "unstructured", new Near(csr, doubt), 32, any -> true)
                .choice()
                .designs())
        .isEqualTo(design);
  }

  /** csr16 is a little ahead of csr at 32 tokens, and far behind beyond. */
  private record Few() implements Costs {
    @Override
    public String source() {
      return "made up";
    }

    @Override
    public String unit() {
      return "microseconds";
    }

    @Override
    public double doubt() {
      return 0;
    }

    @Override
    public SortedMap<String, Double> of(Matrix w, String pattern, int tokens) {
      double few = tokens <= 32 ? 0.98 : 2;
      return new TreeMap<>(
          java.util.Map.of("dense", 9.0 * tokens, "csr", 1.0 * tokens, "csr16", few * tokens));
    }
  }

  @Test
  void a_design_for_few_tokens_that_just_wins_at_many_is_not_taken_for_more() {
    Matrix w =
        new Matrix(
            10, 100, null, LongBuffer.allocate(16), TypedValues.fp32(FloatBuffer.allocate(0)));

    assertThat(DesignChoice.of(w, "unstructured", new Few(), 32, any -> true).choice().designs())
        .isEqualTo("csr16/csr");
  }

  @Test
  void weights_that_are_alike_are_measured_once() {
    List<Integer> asked = new ArrayList<>();
    Costs counting =
        new Costs() {
          @Override
          public String source() {
            return "counted";
          }

          @Override
          public String unit() {
            return "dense = 1";
          }

          @Override
          public double doubt() {
            return 0;
          }

          @Override
          public SortedMap<String, Double> of(Matrix w, String pattern, int tokens) {
            asked.add(tokens);
            return new Made().of(w, pattern, tokens);
          }
        };
    KernelChoices choices =
        new KernelChoices(
            new ExportOptions.Form(
                WeightType.FP32, ExportOptions.Kernels.AUTO, Optional.empty(), 32),
            counting);

    DesignChoice first = choices.choose(stored(100, 301), LINEAR, 0);
    int once = asked.size();
    DesignChoice second = choices.choose(stored(100, 301), LINEAR, 0);
    assertThat(asked).hasSize(once);
    choices.choose(stored(100, 302), LINEAR, 0);

    assertThat(second).isEqualTo(first);
    assertThat(asked).hasSize(2 * once);
  }

  @Test
  void what_is_not_pruned_runs_dense() {
    StoredTensor stored = StoredTensor.dense("w", List.of(10, 100), FloatBuffer.allocate(1000));

    assertThat(choices(ExportOptions.Kernels.SPARSE).choose(stored, LINEAR, 0).choice())
        .isEqualTo(KernelChoice.dense("not pruned"));
  }
}
