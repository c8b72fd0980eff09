// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.models.files.OpenModel;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.recipes.language.Default;
import io.sparseland.recipes.language.Fraction;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * UTF-8 text, plain or gzipped, in windows taken evenly over it, each between the model's start and
 * end tokens. Scored by the masked-LM loss: a share of the tokens is replaced by {@code [MASK]} and
 * {@code -log p(token)} is averaged over them.
 *
 * @param calibration file to calibrate on; nothing is masked there
 * @param test file to score on
 * @param window tokens of the text in a window
 * @param windows calibration windows
 * @param testWindows windows to score
 * @param share of the tokens that is masked
 * @param batch windows at once
 */
public record MaskedText(
    String calibration,
    String test,
    @Default("126") int window,
    @Default("128") int windows,
    @Default("60") int testWindows,
    @Default("0.15") @Fraction double share,
    @Default("8") int batch)
    implements DataSource {

  /** Checks the numbers. */
  public MaskedText {
    Sizes.batch(batch);
    if (window < 1 || windows < 1 || testWindows < 1) {
      throw new IllegalArgumentException("window, windows and test_windows must be at least 1");
    }
  }

  @Override
  public String metric() {
    return "masked_loss";
  }

  @Override
  public DataFacts facts(DataFolders folders) {
    return new DataFacts(List.of(window + 2), windows, testWindows, "windows of text");
  }

  @Override
  public DataSet open(DataFolders folders, OpenModel model) throws IOException {
    try (Tokenizer tokenizer = model.tokenizer()) {
      int[] mask = tokenizer.encode("[MASK]");
      if (mask.length != 1) {
        throw new IllegalArgumentException("the model's tokenizer has no token [MASK]");
      }
      Texts.Windows first = new Texts.Windows(calibration, windows, window);
      Texts.Windows second = new Texts.Windows(test, testWindows, window);
      List<int[]> calibrate = framed(tokenizer, first.of(folders, tokenizer));
      List<int[]> score = framed(tokenizer, second.of(folders, tokenizer));
      return new MaskedWindows(calibrate, score, share, mask[0]);
    }
  }

  private static List<int[]> framed(Tokenizer tokenizer, List<int[]> windows) {
    int[] frame = tokenizer.sentence("", 2); // start and end
    List<int[]> framed = new ArrayList<>();
    for (int[] window : windows) {
      int[] all = new int[window.length + 2];
      all[0] = frame[0];
      System.arraycopy(window, 0, all, 1, window.length);
      all[all.length - 1] = frame[frame.length - 1];
      framed.add(all);
    }
    return framed;
  }
}
