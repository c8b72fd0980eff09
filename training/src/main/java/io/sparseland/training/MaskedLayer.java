// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import java.nio.FloatBuffer;

/**
 * A layer under training with its present mask, kept as floats too, made once and edited in place.
 */
final class MaskedLayer {

  private final Layer layer;
  private final NDArray keep; // 0 and 1, the parameter's shape
  private Mask mask;

  /**
   * Puts a layer under a mask: its weights outside become 0 at once.
   *
   * @param manager owns the float mask
   */
  MaskedLayer(Layer layer, Mask mask, NDManager manager) {
    this.layer = layer;
    this.mask = mask;
    this.keep = manager.create(layer.parameter().getArray().getShape(), DataType.FLOAT32);
    long[] words = mask.words();
    FloatBuffer values = values();
    for (int i = 0; i < mask.size(); i++) {
      values.put(i, bit(words, i));
    }
    apply();
  }

  Layer layer() {
    return layer;
  }

  Mask mask() {
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
   * Takes another mask and sets the weights outside it to 0. Those it has in addition are 0
   * already, as everything outside a mask always is. Gradient recording must be off.
   */
  MaskUpdate replace(Mask next, long step) {
    long[] before = mask.words();
    long[] after = next.words();
    FloatBuffer values = values();
    int dropped = 0;
    int grown = 0;
    for (int w = 0; w < after.length; w++) {
      dropped += Long.bitCount(before[w] & ~after[w]);
      grown += Long.bitCount(after[w] & ~before[w]);
      for (long changed = before[w] ^ after[w]; changed != 0; changed &= changed - 1) {
        int index = w * Long.SIZE + Long.numberOfTrailingZeros(changed);
        values.put(index, bit(after, index));
      }
    }
    mask = next;
    apply();
    return new MaskUpdate(step, layer.name(), next.size(), next.kept(), dropped, grown);
  }

  private FloatBuffer values() {
    return keep.toByteBuffer(true).asFloatBuffer(); // a live view: the array is contiguous
  }

  private static float bit(long[] words, int index) {
    return words[index >>> 6] >>> index & 1;
  }
}
