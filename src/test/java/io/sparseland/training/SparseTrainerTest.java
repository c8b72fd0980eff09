// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.dataset.ArrayDataset;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.WeightView;
import java.util.BitSet;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SparseTrainerTest {

  // One output, three inputs: w = [2, 3, 5], m = [1, 0, 1], x = [1, 10, 100], bias 0.
  private static final float[] WEIGHTS = {2, 3, 5};

  @Test
  void forward_sees_only_kept_weights() {
    try (Model model = line();
        SparseTrainer trainer = trainer(model, new MaskedView())) {
      NDArray x = model.getNDManager().create(new float[] {1, 10, 100}, new Shape(1, 3));

      // 2*1 + 0*10 + 5*100
      assertThat(trainer.evaluate(new NDList(x)).head().toFloatArray()).containsExactly(502);
      assertThat(trainer.forward(new NDList(x)).head().toFloatArray()).containsExactly(502);
      assertThat(Nets.weights(model, "linear.0")).containsExactly(WEIGHTS);
    }
  }

  @Test
  void straight_through_passes_the_dense_gradient() {
    assertThat(gradient(new StraightThrough())).containsExactly(1, 10, 100); // dy/dw = x
  }

  @Test
  void masked_view_masks_the_gradient() {
    assertThat(gradient(new MaskedView())).containsExactly(1, 0, 100); // m * x
  }

  @Test
  void straight_through_forward_equals_the_masked_one() {
    try (Model model = line();
        SparseTrainer trainer = trainer(model, new StraightThrough())) {
      NDArray x = model.getNDManager().create(new float[] {1, 10, 100}, new Shape(1, 3));

      assertThat(trainer.forward(new NDList(x)).head().toFloatArray()).containsExactly(502);
    }
  }

  @Test
  void another_mask_takes_effect_and_baking_makes_it_permanent() {
    try (Model model = line();
        SparseTrainer trainer = trainer(model, new MaskedView())) {
      Layer layer = Nets.layer(model, "linear.0");
      trainer.mask(layer, mask(layer, 1));
      NDArray x = model.getNDManager().create(new float[] {1, 10, 100}, new Shape(1, 3));

      assertThat(trainer.evaluate(new NDList(x)).head().toFloatArray()).containsExactly(30);

      trainer.bake();
      assertThat(Nets.weights(model, "linear.0")).containsExactly(0, 3, 0);
    }
  }

  @Test
  void arrays_do_not_pile_up_and_training_goes_on_behind_the_mask() throws Exception {
    try (Model model = Nets.mlp(3, 8, 6, 3)) {
      Layer layer = Nets.layer(model, "linear.0");
      Map<Layer, Mask> masks = Map.of(layer, mask(layer, 0, 5, 9, 30));
      float[] before = Nets.weights(model, "linear.0");
      try (SparseTrainer trainer =
          new SparseTrainer(
              model, Nets.config().optOptimizer(Nets.sgd()), new StraightThrough(), masks)) {
        NDManager manager = model.getNDManager();
        ArrayDataset data = Nets.dataset(manager, Nets.blobs(320, 8, 3, 1), 32);
        EasyTrain.fit(trainer, 1, data, null);
        int own = manager.getManagedArrays().size();
        int trainers = trainer.getManager().getManagedArrays().size();

        EasyTrain.fit(trainer, 10, data, data);

        assertThat(manager.getManagedArrays()).hasSize(own);
        assertThat(trainer.getManager().getManagedArrays()).hasSize(trainers);
      }
      assertThat(Nets.weights(model, "linear.0")[1]).isNotEqualTo(before[1]).isNotZero();
    }
  }

  private static float[] gradient(WeightView view) {
    try (Model model = line();
        SparseTrainer trainer = trainer(model, view)) {
      NDManager manager = model.getNDManager();
      NDArray x = manager.create(new float[] {1, 10, 100}, new Shape(1, 3));
      try (GradientCollector collector = trainer.newGradientCollector()) {
        collector.backward(trainer.forward(new NDList(x)).head());
      }
      return Nets.parameter(model, "linear.0").getArray().getGradient().toFloatArray();
    }
  }

  private static Model line() {
    Model model = Nets.mlp(1, 3, 1);
    NDArray weight = Nets.parameter(model, "linear.0").getArray();
    weight.toByteBuffer(true).asFloatBuffer().put(WEIGHTS);
    return model;
  }

  private static SparseTrainer trainer(Model model, WeightView view) {
    Layer layer = Nets.layer(model, "linear.0");
    return new SparseTrainer(
        model, Nets.config().optOptimizer(Nets.sgd()), view, Map.of(layer, mask(layer, 0, 2)));
  }

  private static Mask mask(Layer layer, int... kept) {
    BitSet bits = new BitSet();
    for (int index : kept) {
      bits.set(index);
    }
    return Mask.of(layer.geometry(), Pattern.unstructured(), bits);
  }
}
