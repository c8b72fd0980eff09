// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.Exploration;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.StateKeeper;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A layer under training with its present mask, kept as floats too, made once and edited in place.
 */
class MaskedLayer {

  private final Layer layer;
  private final NDArray keep; // 0 and 1, the parameter's shape
  private final long[] everKept; // bits, as those of a mask
  private final @Nullable DenseStore store;
  private final boolean viewed;
  private Mask mask;
  private long steps;
  private long forward;
  private long gradient;

  /**
   * Puts a layer under a mask: its weights outside become 0 at once.
   *
   * @param manager owns the float mask
   */
  MaskedLayer(Layer layer, Mask mask, NDManager manager) {
    this(layer, mask, manager, null);
  }

  /** Behind a view, which hides what is pruned: the weights stay as they are. */
  MaskedLayer(Layer layer, Mask mask, NDManager manager, boolean viewed) {
    this.layer = layer;
    this.mask = mask;
    this.everKept = mask.words();
    this.store = null;
    this.viewed = viewed;
    this.keep = floats(layer, mask, manager);
  }

  /** The same, and with an exploration the weights are stored before. */
  MaskedLayer(Layer layer, Mask mask, NDManager manager, @Nullable Exploration exploration) {
    this.layer = layer;
    this.mask = mask;
    this.everKept = mask.words();
    this.store = exploration == null ? null : new DenseStore(layer, exploration, manager);
    this.viewed = false;
    this.keep = floats(layer, mask, manager);
    apply();
  }

  private static NDArray floats(Layer layer, Mask mask, NDManager manager) {
    NDArray keep = manager.create(layer.parameter().getArray().getShape(), DataType.FLOAT32);
    float[] ones = new float[mask.size()];
    Arrays.fill(ones, 1);
    mask.fillPruned(ones, 0);
    values(keep).put(ones);
    return keep;
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

  /** The values behind the mask; null for most methods, which store zeros. */
  @Nullable DenseStore store() {
    return store;
  }

  /**
   * Counts a completed step.
   *
   * @param dense whether gradients of pruned weights were needed
   */
  void count(boolean dense) {
    steps++;
    forward += mask.kept();
    gradient += dense ? mask.size() : store == null ? mask.kept() : store.learning().kept();
  }

  /** Puts the weight that masks are chosen by in place, if the parameter shows another one. */
  void showStored() {
    if (store != null) {
      store.show();
    }
  }

  /** The values behind what the parameter shows, if there are any. */
  Optional<NDArray> behind() {
    return Optional.ofNullable(store).map(DenseStore::stored);
  }

  /** What training goes on from, but for the parameter and its slots. */
  void save(TrainState into) {
    into.put("mask/" + layer.name(), mask.words());
    into.put("pattern/" + layer.name(), mask.pattern().text());
    into.put("kept/" + layer.name(), everKept);
    into.put("work/" + layer.name(), steps, forward, gradient);
    if (store != null) {
      into.put("learning/" + layer.name(), store.learning().words());
    }
  }

  /** The mask that a stopped training left. */
  static Mask maskIn(TrainState from, Layer layer) {
    return Mask.of(
        layer.geometry(),
        Pattern.parse(from.text("pattern/" + layer.name())),
        from.numbersOf("mask/" + layer.name()));
  }

  /** The rest of {@link #save}, once this was made with that mask and those values. */
  void restore(TrainState from) {
    long[] kept = from.numbersOf("kept/" + layer.name());
    System.arraycopy(kept, 0, everKept, 0, everKept.length);
    long[] work = from.numbersOf("work/" + layer.name());
    steps = work[0];
    forward = work[1];
    gradient = work[2];
    if (store != null) {
      long[] learning = from.numbersOf("learning/" + layer.name());
      store.choose(Mask.of(layer.geometry(), Pattern.unstructured(), learning), mask);
    }
  }

  /** The steps so far. */
  LayerWork work() {
    return new LayerWork(layer.name(), mask.size(), steps, forward, gradient);
  }

  /** 1 where a weight was kept at any time, else 0; {@code [out, in]}. */
  NDArray everKept(NDManager manager) {
    return Mask.of(layer.geometry(), Pattern.unstructured(), everKept).toArray(manager);
  }

  /**
   * Takes another mask: weights that are dropped or grown become 0, and so do their optimizer
   * slots; those kept in both masks stay as they are. Behind a {@link DenseStore} or a view nothing
   * but the mask changes. Gradient recording must be off.
   *
   * @param keepSlots whether only the slots of what is grown become 0
   */
  void replace(Mask next, StateKeeper slots, boolean keepSlots) {
    if (store != null || viewed) {
      replace(next);
      return;
    }
    long[] before = mask.words();
    long[] after = next.words();
    if (!keepSlots) {
      write(before, after, 0);
      apply();
      slots.mask(layer, keep); // 1 where both masks keep
      write(after, before, 1);
    } else {
      write(before, after, 0);
      apply();
      try (NDArray stays = keep.onesLike()) {
        write(stays, after, before, 0);
        slots.mask(layer, stays);
      }
      write(after, before, 1);
    }
    now(next, after);
  }

  /** Takes another mask and changes nothing else. */
  void replace(Mask next) {
    long[] before = mask.words();
    long[] after = next.words();
    write(before, after, 0);
    write(after, before, 1);
    now(next, after);
  }

  private void now(Mask next, long[] words) {
    for (int w = 0; w < words.length; w++) {
      everKept[w] |= words[w];
    }
    mask = next;
  }

  /** What the log gets to see of an update; nothing as yet, or a sum, of some. */
  Optional<MaskUpdate> logged(Mask earlier, long step) {
    return Optional.of(since(earlier, step));
  }

  /**
   * What has changed since another mask.
   *
   * @param step batches completed
   */
  MaskUpdate since(Mask earlier, long step) {
    long[] before = earlier.words();
    long[] after = mask.words();
    int dropped = 0;
    int grown = 0;
    int ever = 0;
    for (int w = 0; w < after.length; w++) {
      dropped += Long.bitCount(before[w] & ~after[w]);
      grown += Long.bitCount(after[w] & ~before[w]);
      ever += Long.bitCount(everKept[w]);
    }
    return new MaskUpdate(step, layer.name(), mask.size(), mask.kept(), dropped, grown, ever);
  }

  /** Writes a value into the float mask where the first bits are set and the second are not. */
  private void write(long[] set, long[] clear, float value) {
    write(keep, set, clear, value);
  }

  private static void write(NDArray array, long[] set, long[] clear, float value) {
    FloatBuffer values = values(array);
    for (int w = 0; w < set.length; w++) {
      for (long bits = set[w] & ~clear[w]; bits != 0; bits &= bits - 1) {
        values.put(w * Long.SIZE + Long.numberOfTrailingZeros(bits), value);
      }
    }
  }

  private static FloatBuffer values(NDArray array) {
    return array.toByteBuffer(true).asFloatBuffer(); // a live view: the array is contiguous
  }
}
