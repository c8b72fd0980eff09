// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Calibrator;
import io.sparseland.core.Torch;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Equally long windows of tokens with a start and an end token; scored by the masked-LM loss.
 *
 * @param calibration windows as they are
 * @param test windows of which a share is masked when they are scored, always the same tokens
 * @param share of the tokens between start and end
 * @param mask the token that takes their place
 */
record MaskedWindows(List<int[]> calibration, List<int[]> test, double share, int mask)
    implements TokenData {

  private static final long SEED = 1; // the score must not depend on the recipe's

  @Override
  public List<Calibrator.Labelled> calibration(NDManager manager, int samples, int batch) {
    List<Calibrator.Labelled> batches = new ArrayList<>();
    for (int from = 0; from < samples; from += batch) {
      List<int[]> part = calibration.subList(from, Math.min(samples, from + batch));
      NDArray ids = Tokens.ids(manager, part);
      batches.add(new Calibrator.Labelled(new NDList(ids), new NDList(ids)));
    }
    return batches;
  }

  @Override
  public String metric() {
    return "masked_loss";
  }

  @Override
  public double score(Model model) {
    Random random = new Random(SEED);
    double nats = 0;
    long count = 0;
    for (int[] window : test) {
      long[] places = places(window.length - 2, random);
      nats += Torch.withoutGradients(() -> nats(model, window, places));
      count += places.length;
    }
    return nats / count;
  }

  /** At least one place per window. */
  private long[] places(int tokens, Random random) {
    int count = Math.max(1, (int) Math.round(share * tokens));
    return random.ints(1, tokens + 1).distinct().limit(count).sorted().asLongStream().toArray();
  }

  private double nats(Model model, int[] window, long[] places) {
    int[] masked = window.clone();
    long[] hidden = new long[places.length];
    for (int i = 0; i < places.length; i++) {
      hidden[i] = window[(int) places[i]];
      masked[(int) places[i]] = mask;
    }
    try (NDScope scope = new NDScope();
        NDManager manager = model.getNDManager().newSubManager()) {
      scope.suppressNotUsedWarning();
      NDArray logits =
          model
              .getBlock()
              .forward(
                  new ParameterStore(manager, false),
                  new NDList(Tokens.ids(manager, List.of(masked))),
                  false)
              .singletonOrThrow()
              .squeeze(0); // [time, vocabulary]
      NDArray rows = logits.get(manager.create(places)).logSoftmax(1);
      NDArray right = manager.create(hidden, new Shape(hidden.length, 1));
      return -rows.gather(right, 1).toType(DataType.FLOAT64, false).sum().getDouble();
    }
  }

  @Override
  public String digest() {
    return Texts.digest(List.of(calibration, test));
  }
}
