// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.sparseland.kernels.format.FormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** A {@code tokenizer.json} of Hugging Face. */
public final class TokenizerJson implements Tokenizer {

  /** Characters encoded at once: the library is slow on very long texts. */
  private static final int PIECE = 200_000;

  private final HuggingFaceTokenizer tokenizer;
  private final int start;
  private final int vocabulary;

  private TokenizerJson(HuggingFaceTokenizer tokenizer, int start, int vocabulary) {
    this.tokenizer = tokenizer;
    this.start = start;
    this.vocabulary = vocabulary;
  }

  /**
   * Opens a tokenizer.
   *
   * @param start id that a document begins with
   * @param vocabulary ids must be below
   * @throws FormatException if the file is no tokenizer
   */
  public static TokenizerJson open(Path file, int start, int vocabulary) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(file.toString());
    }
    try (InputStream in = Files.newInputStream(file)) {
      return read(file.toString(), in, start, vocabulary);
    }
  }

  /**
   * Reads a tokenizer from a stream.
   *
   * @param name of the file, for messages
   */
  public static TokenizerJson read(String name, InputStream in, int start, int vocabulary)
      throws IOException {
    Tokens.check(start, vocabulary, "the start token");
    try {
      Map<String, String> options = Map.of("padding", "false", "truncation", "false");
      return new TokenizerJson(HuggingFaceTokenizer.newInstance(in, options), start, vocabulary);
    } catch (RuntimeException e) {
      throw new FormatException(
          name,
          FormatException.NOWHERE,
          String.valueOf(e.getMessage()),
          "a tokenizer.json of Hugging Face",
          e);
    }
  }

  @Override
  public int[] encode(String text) {
    int[] ids = new int[0];
    for (int from = 0; from < text.length(); ) {
      int to = Math.min(text.length(), from + PIECE);
      if (to < text.length() && Character.isHighSurrogate(text.charAt(to - 1))) {
        to++;
      }
      long[] piece = tokenizer.encode(text.substring(from, to), false, false).getIds();
      int before = ids.length;
      ids = Arrays.copyOf(ids, before + piece.length);
      for (int i = 0; i < piece.length; i++) {
        ids[before + i] = Tokens.check(piece[i], vocabulary, "a token of the text");
      }
      from = to;
    }
    return ids;
  }

  @Override
  public int[] sentence(String text, int most) {
    long[] ids = tokenizer.encode(text, true, false).getIds();
    int[] all = new int[Math.min(most, ids.length)];
    for (int i = 0; i < all.length; i++) {
      long id = i == all.length - 1 ? ids[ids.length - 1] : ids[i]; // the last is the end token
      all[i] = Tokens.check(id, vocabulary, "a token of the text");
    }
    return all;
  }

  @Override
  public String decode(int[] ids) {
    return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray());
  }

  @Override
  public int start() {
    return start;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
