// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import io.sparseland.core.Allocation;
import io.sparseland.core.Exploration;
import io.sparseland.core.Pattern;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.schedulers.dynamic.SparseMomentum;
import io.sparseland.schedulers.dynamic.TopKast;
import io.sparseland.training.methods.MaskDecay;
import io.sparseland.training.methods.StraightThrough;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Over 2,000 steps the number of native arrays stays where it is. */
class SlopeTest {

  private static final int STEPS = 2000;
  private static final int SETTLED = 200; // slots and the first updates are there by then

  static Stream<Arguments> methods() {
    Pattern single = Pattern.unstructured();
    return Stream.of(
        Arguments.of(new RigL(step -> 0.3, Trigger.every(10), true, 3), single),
        Arguments.of(new SparseMomentum(step -> 0.3, Trigger.every(10)), single),
        Arguments.of(new TopKast(0.3, Trigger.every(10), 1e-4, Exploration.Form.L2), single),
        Arguments.of(new StraightThrough(0.002, 1), Pattern.nm(2, 4)),
        Arguments.of(
            new MaskDecay(MaskDecay.Decay.LINEAR, 0, STEPS, MaskDecay.Flow.SCALED, 1),
            Pattern.nm(2, 4)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("methods")
  @Tag("slow")
  void arrays_do_not_grow_in_number(SparsityMethod method, Pattern pattern) {
    Sparsity sparsity = Sparsity.of(method).at(0.5, Allocation.uniform()).pattern(pattern);
    List<Integer> counts = new ArrayList<>();
    try (Model model = Nets.mlp(5, 8, 16, 3)) {
      TrainLoop.run(
          model,
          Nets.blobs(STEPS * 8, 8, 3, 1),
          new TrainPlan(new OptimizerSettings.Sgd(0.01, 0.9, 0), 1, 8, 1, List.of(sparsity)),
          new TrainHooks() {
            @Override
            public void progress(TrainProgress progress) {
              counts.add(everything(model));
            }
          });
    }

    assertThat(counts).hasSize(STEPS);
    int middle = (SETTLED + STEPS) / 2; // at the same distance from an update in both halves
    assertThat(counts.subList(middle, STEPS)).isEqualTo(counts.subList(SETTLED, middle));
  }

  private static int everything(Model model) {
    return model.getNDManager().getManagedArrays().size()
        + model.getNDManager().getParentManager().getManagedArrays().size();
  }
}
