// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import io.sparseland.core.Allocation;
import io.sparseland.core.Masks;
import io.sparseland.core.Trigger;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.kernels.format.SafeTensors;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.schedulers.dynamic.Static;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {

  private static final Examples DATA = Nets.blobs(60, 8, 4, 3);

  @TempDir Path folder;

  @Test
  void brings_back_parameters_and_masks_to_the_bit() {
    Path file = folder.resolve("model.safetensors");
    try (Model model = Nets.mlp(1, 8, 16, 4);
        Model other = Nets.mlp(2, 8, 16, 4)) {
      Masks masks = train(model, rigl());
      Checkpoint.save(file, model, masks);

      Checkpoint loaded = Checkpoint.load(file, other);

      assertThat(loaded.masks()).isEqualTo(masks);
      model
          .getBlock()
          .getParameters()
          .forEach(
              p ->
                  assertThat(
                          other
                              .getBlock()
                              .getParameters()
                              .get(p.getKey())
                              .getArray()
                              .toFloatArray())
                      .isEqualTo(p.getValue().getArray().toFloatArray()));
      assertThat(TrainLoop.accuracy(other, DATA, 10))
          .isEqualTo(TrainLoop.accuracy(model, DATA, 10));
    }
  }

  @Test
  void stored_masks_are_frozen_inherited_or_drawn_afresh() {
    Path file = folder.resolve("model.safetensors");
    try (Model model = Nets.mlp(1, 8, 16, 4)) {
      Masks masks = train(model, rigl());
      Checkpoint.save(file, model, masks);
      Checkpoint loaded = Checkpoint.load(file, model);
      Sparsity other = Sparsity.of(new Static()).at(0.75, Allocation.uniform()).seed(99);

      assertThat(train(model, loaded.resume(StoredMasks.FREEZE, rigl()))).isEqualTo(masks);
      assertThat(train(model, loaded.resume(StoredMasks.INHERIT, other))).isEqualTo(masks);
      assertThat(train(model, loaded.resume(StoredMasks.FRESH, other))).isNotEqualTo(masks);
    }
  }

  @Test
  void a_model_of_another_shape_is_refused_and_unchanged() {
    Path file = folder.resolve("model.safetensors");
    try (Model model = Nets.mlp(1, 8, 16, 4);
        Model wider = Nets.mlp(2, 8, 17, 4)) {
      Checkpoint.save(file, model, new Masks(Map.of()));
      float[] before = Nets.weights(wider, "linear.0");

      assertThatThrownBy(() -> Checkpoint.load(file, wider))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("F32 [16, 8]")
          .hasMessageContaining("the model needs F32 [17, 8]");
      assertThat(Nets.weights(wider, "linear.0")).isEqualTo(before);
    }
  }

  @Test
  void other_files_are_refused() throws Exception {
    Path plain = folder.resolve("plain.safetensors");
    SafeTensors.write(
        plain,
        List.of(SafeTensors.Entry.floats("x", List.of(1), FloatBuffer.wrap(new float[] {1}))));
    Path text = Files.writeString(folder.resolve("text"), "hello, this is no tensor file");
    Path noMask = folder.resolve("mask.safetensors");
    SafeTensors.write(
        noMask, List.of(), Map.of("format", "sparseland-checkpoint-1", "a.mask", "1,2,3"));
    try (Model model = Nets.mlp(1, 8, 16, 4)) {
      assertThatThrownBy(() -> Checkpoint.load(plain, model))
          .isInstanceOf(FormatException.class)
          .hasMessageContaining("sparseland-checkpoint-1");
      assertThatThrownBy(() -> Checkpoint.load(text, model)).isInstanceOf(FormatException.class);
      assertThatThrownBy(() -> Checkpoint.load(noMask, model))
          .isInstanceOf(FormatException.class)
          .hasMessageContaining("mask 'a.mask' described as '1,2,3'");
    }
  }

  private static Sparsity rigl() {
    return Sparsity.of(new RigL(step -> 0.3, Trigger.every(3))).at(0.75, Allocation.uniform());
  }

  private static Masks train(Model model, Sparsity sparsity) {
    TrainPlan plan =
        new TrainPlan(new OptimizerSettings.Adam(0.01, 0), 1, 10, 1, List.of(sparsity));
    return TrainLoop.run(model, DATA, plan, TrainHooks.none()).masks();
  }
}
