// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;
import io.sparseland.core.Calibrator;
import io.sparseland.core.Torch;
import io.sparseland.models.text.LanguageModel;
import io.sparseland.training.NextToken;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Token sequences; scored by perplexity.
 *
 * @param calibration sequences; each is an example
 * @param test sequences of which every token but the first is predicted
 * @param digest SHA-256 of all tokens
 */
record TextData(List<int[]> calibration, List<int[]> test, String digest) implements TokenData {

  @Override
  public Shape item() {
    int longest = test.stream().mapToInt(s -> s.length - 1).max().orElse(1);
    return new Shape(Math.min(TRACED, longest));
  }

  @Override
  public NDList probe(NDManager manager) {
    int[] first = test.get(0);
    return new NDList(Tokens.ids(manager, List.of(Arrays.copyOf(first, first.length - 1))));
  }

  /** Sequences of one length that follow one another share a batch; labels are the next tokens. */
  @Override
  public List<Calibrator.Labelled> calibration(NDManager manager, int samples, int batch) {
    List<Calibrator.Labelled> batches = new ArrayList<>();
    for (int from = 0; from < samples; ) {
      int length = calibration.get(from).length;
      int to = from + 1;
      while (to < Math.min(samples, from + batch) && calibration.get(to).length == length) {
        to++;
      }
      List<int[]> part = calibration.subList(from, to);
      batches.add(
          new Calibrator.Labelled(
              new NDList(Tokens.ids(manager, part)),
              new NDList(Tokens.ids(manager, part).get(":,1:"))));
      from = to;
    }
    return batches;
  }

  @Override
  public Loss loss() {
    return new NextToken();
  }

  @Override
  public String metric() {
    return "perplexity";
  }

  @Override
  public double score(Model model) {
    return Torch.withoutGradients(
        () -> {
          try (NDManager manager = model.getNDManager().newSubManager()) {
            return new LanguageModel(model.getBlock(), manager).perplexity(test);
          }
        });
  }
}
