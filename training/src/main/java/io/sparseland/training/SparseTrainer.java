// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Torch;
import io.sparseland.core.WeightView;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A DJL trainer whose forward passes see a {@link WeightView} of chosen weights, for methods that
 * keep dense weights behind a mask (straight-through, soft masks). {@code EasyTrain}, evaluators
 * and listeners work with it as with any other. Methods that store zeros need only {@link
 * Sparsity}.
 *
 * <p>The model itself holds the stored weights; call {@link #bake} before it is used or saved.
 */
public final class SparseTrainer extends Trainer {

  private final Model model;
  private final WeightView view;
  private final MaskedStore store;
  private final Map<Layer, NDArray> masks = new LinkedHashMap<>(); // 0/1, the parameter's shape

  /**
   * A trainer for a model whose block is initialised.
   *
   * @param masks the masks to train with; {@link #mask} changes them
   */
  public SparseTrainer(
      Model model, TrainingConfig config, WeightView view, Map<Layer, Mask> masks) {
    super(model, config);
    this.model = model;
    this.view = view;
    this.store = new MaskedStore(getManager(), view);
    store.setParameterServer(
        getManager().getEngine().newParameterServer(config.getOptimizer()), config.getDevices());
    masks.forEach(this::mask);
  }

  /** Gives a layer a mask, or another one. */
  public void mask(Layer layer, Mask mask) {
    Parameter parameter = layer.parameter();
    NDArray flat = mask.toArray(getManager()); // [out, in]
    Shape shape = parameter.getArray().getShape();
    NDArray keep = flat;
    if (!flat.getShape().equals(shape)) {
      keep = flat.reshape(shape);
      flat.close();
    }
    store.mask(parameter, keep);
    NDArray old = masks.put(layer, keep);
    if (old != null) {
      old.close();
    }
  }

  /** Writes the plain weight that the view stands for into the model, for good. */
  public void bake() {
    Torch.withoutGradients(
        () ->
            masks.forEach(
                (layer, keep) -> {
                  NDArray stored = layer.parameter().getArray();
                  try (NDArray plain = view.merge(stored, keep)) {
                    stored.set(new NDIndex(":"), plain);
                  }
                }));
  }

  @Override
  public NDList forward(NDList input) {
    store.useBatch(input.head().getManager());
    return model.getBlock().forward(store, input, true);
  }

  @Override
  @SuppressWarnings("NullAway") // DJL takes null for "no further parameters"
  public NDList forward(NDList data, NDList labels) {
    store.useBatch(data.head().getManager());
    return model.getBlock().forward(store, data, labels, null);
  }

  @Override
  public NDList evaluate(NDList input) {
    store.useBatch(input.head().getManager());
    return model.getBlock().forward(store, input, false);
  }

  @Override
  public void step() {
    store.updateAllParameters();
  }

  @Override
  public void close() {
    store.sync();
    super.close();
  }
}
