// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.optimizer.Optimizer;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.StateKeeper;
import io.sparseland.core.Torch;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * A layer under training with its present mask, kept as floats too, made once and edited in place.
 */
class MaskedLayer {

  private final Layer layer;
  private final NDArray keep; // 0 and 1, the parameter's shape
  private Mask mask;

  /**
   * A layer under a mask: its weights outside become 0 at once.
   *
   * @param manager owns the float mask
   */
  static MaskedLayer pruned(Layer layer, Mask mask, NDManager manager) {
    MaskedLayer masked = new MaskedLayer(layer, mask, manager);
    masked.apply();
    return masked;
  }

  /** A layer whose weights stay as they are. */
  MaskedLayer(Layer layer, Mask mask, NDManager manager) {
    this.layer = layer;
    this.mask = mask;
    this.keep = manager.create(layer.parameter().getArray().getShape(), DataType.FLOAT32);
    float[] ones = new float[mask.size()];
    Arrays.fill(ones, 1);
    mask.fillPruned(ones, 0);
    values().put(ones);
  }

  Layer layer() {
    return layer;
  }

  Mask kept() {
    return mask;
  }

  /** The mask as 0 and 1 in the parameter's shape; live, not to be changed or closed. */
  NDArray keep() {
    return keep;
  }

  /** Sets the weights outside the mask to 0. Gradient recording must be off. */
  void apply() {
    layer.parameter().getArray().muli(keep);
  }

  /**
   * Takes another mask: weights that are dropped or grown become 0, and so do their optimizer
   * slots; those kept in both masks stay as they are. Gradient recording must be off.
   *
   * @param step batches completed
   */
  Optional<MaskUpdate> replace(Mask next, long step, StateKeeper slots) {
    long[] before = mask.words();
    long[] after = next.words();
    int dropped = write(before, after, 0);
    between(slots);
    int grown = write(after, before, 1);
    mask = next;
    return Optional.of(
        new MaskUpdate(step, layer.name(), next.size(), next.kept(), dropped, grown));
  }

  /** The optimizer's step, of whatever is trained beside the weight too. */
  void step(Optimizer optimizer, String parameterId, NDArray weight, NDArray gradient) {
    optimizer.update(parameterId, weight, gradient);
    Torch.withoutGradients(this::apply);
  }

  /** Scores that are trained beside the weight, if there are any. */
  Evidence learned() {
    return Evidence.none();
  }

  /** Takes another mask and nothing else. */
  final void change(Mask next) {
    long[] before = mask.words();
    long[] after = next.words();
    write(before, after, 0);
    write(after, before, 1);
    mask = next;
  }

  /** While the float mask is 1 where both masks keep. */
  void between(StateKeeper slots) {
    apply();
    slots.mask(layer, keep);
  }

  /** Writes a value into the float mask where the first bits are set and the second are not. */
  private int write(long[] set, long[] clear, float value) {
    FloatBuffer values = values();
    int count = 0;
    for (int w = 0; w < set.length; w++) {
      for (long bits = set[w] & ~clear[w]; bits != 0; bits &= bits - 1) {
        values.put(w * Long.SIZE + Long.numberOfTrailingZeros(bits), value);
        count++;
      }
    }
    return count;
  }

  private FloatBuffer values() {
    return keep.toByteBuffer(true).asFloatBuffer(); // a live view: the array is contiguous
  }
}
