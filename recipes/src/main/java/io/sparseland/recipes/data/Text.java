// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import io.sparseland.models.files.OpenModel;
import io.sparseland.models.text.Tokenizer;
import io.sparseland.recipes.language.Default;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * UTF-8 text, plain or gzipped, cut into tokens by the model's tokenizer.
 *
 * <p>Without {@code documents} the test text is one: start token and text, scored in windows that
 * each predict {@code window} tokens and begin anew; a rest that fills no window is left out.
 * Calibration windows are taken evenly over their text. With {@code documents} every document is a
 * sequence of its own, from its start token. Without {@code test} the last tenth of the calibration
 * text, from the beginning of a line, is held out for it.
 *
 * @param calibration file to calibrate on
 * @param test file to score on, if it is another one
 * @param window tokens; of documents the most
 * @param documents a line that ends each document
 * @param windows calibration windows to take
 * @param testWindows windows or documents of the test text to score, from the first on; all if left
 *     out
 * @param batch sequences at once
 */
public record Text(
    String calibration,
    Optional<String> test,
    @Default("512") int window,
    Optional<String> documents,
    @Default("128") int windows,
    Optional<Integer> testWindows,
    @Default("4") int batch)
    implements DataSource {

  private static final int HELD_OUT = 10; // one part in so many

  private static final long HELD_PER_BYTE = 7; // fitted to runs

  /** Checks the numbers. */
  public Text {
    Sizes.batch(batch);
    testWindows.ifPresent(
        most -> {
          if (most < 1) {
            throw new IllegalArgumentException(
                "test_windows %d must be at least 1".formatted(most));
          }
        });
    if (window < 2 || windows < 1) {
      throw new IllegalArgumentException(
          "window %d must be at least 2, windows %d at least 1".formatted(window, windows));
    }
    if (documents.isPresent() && test.isEmpty()) {
      throw new IllegalArgumentException("with 'documents' a 'test' file is needed");
    }
  }

  @Override
  public String metric() {
    return "perplexity";
  }

  @Override
  public boolean trains() {
    return true;
  }

  @Override
  public int testBatch() {
    return 1;
  }

  @Override
  public DataFacts facts(DataFolders folders) throws IOException {
    String note = documents.isPresent() ? "documents of at most that size" : "windows of text";
    return new DataFacts(
        List.of(window), documents.isPresent() ? 0 : windows, 0, note, reading(folders));
  }

  /** A long text lies in the heap as bytes, characters and a string. */
  private long reading(DataFolders folders) throws IOException {
    Optional<Path> file = folders.existing(calibration);
    return file.isPresent() ? HELD_PER_BYTE * Texts.size(file.get()) : 0;
  }

  @Override
  public DataSet open(DataFolders folders, OpenModel model) throws IOException {
    String text = Texts.read(folders.find(calibration));
    int end = test.isPresent() ? text.length() : heldOut(text);
    String testText = test.isPresent() ? Texts.read(folders.find(test.get())) : text.substring(end);
    try (Tokenizer tokenizer = model.tokenizer()) {
      List<int[]> calibrate =
          documents.isPresent()
              ? documents(calibration, text, tokenizer)
              : new Texts.Windows(calibration, windows, window)
                  .of(text.substring(0, end), tokenizer);
      List<int[]> score =
          documents.isPresent()
              ? documents(test.orElse(calibration), testText, tokenizer)
              : inTurn(testText, tokenizer);
      score = score.subList(0, Math.min(score.size(), testWindows.orElse(score.size())));
      return new TextData(calibrate, score, Texts.digest(List.of(calibrate, score)));
    }
  }

  /** Where the held out part begins. */
  private static int heldOut(String text) {
    int from = text.length() - text.length() / HELD_OUT;
    return Math.max(text.indexOf('\n', from), text.lastIndexOf('\n', from)) + 1;
  }

  private List<int[]> documents(String file, String text, Tokenizer tokenizer) {
    List<int[]> sequences = new ArrayList<>();
    String end = "(?m)^" + Pattern.quote(documents.orElse("")) + "$";
    for (String document : text.split(end, -1)) {
      if (!document.isBlank()) {
        int[] tokens = started(tokenizer, document.strip());
        if (tokens.length > window + 1) {
          throw new IllegalArgumentException(
              "document %d of '%s' has %d tokens; 'window' allows %d"
                  .formatted(sequences.size() + 1, file, tokens.length, window));
        }
        sequences.add(tokens);
      }
    }
    return sequences;
  }

  /** Windows of {@code window + 1} tokens: each begins with the last token of the one before. */
  private List<int[]> inTurn(String text, Tokenizer tokenizer) {
    int[] tokens = started(tokenizer, text);
    List<int[]> sequences = new ArrayList<>();
    for (int from = 0; from + window < tokens.length; from += window) {
      sequences.add(Arrays.copyOfRange(tokens, from, from + window + 1));
    }
    if (sequences.isEmpty()) {
      throw new IllegalArgumentException(
          "'%s' has %d tokens; one window needs %d"
              .formatted(test.orElse(calibration), tokens.length, window + 1));
    }
    return sequences;
  }

  private static int[] started(Tokenizer tokenizer, String text) {
    int[] tokens = tokenizer.encode(text);
    int[] all = new int[tokens.length + 1];
    all[0] = tokenizer.start();
    System.arraycopy(tokens, 0, all, 1, tokens.length);
    return all;
  }
}
