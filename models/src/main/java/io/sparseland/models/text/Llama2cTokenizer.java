// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.text;

import io.sparseland.kernels.format.FormatException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tokenizer of llama2.c: a SentencePiece vocabulary with scores. A text becomes a space and its
 * characters (bytes where a character is no piece, as ids 3 + byte), then the neighbouring pair
 * whose joined piece has the highest score is merged, the first of equals, until none is a piece.
 *
 * <p>The file, little-endian: int32 longest piece, then per piece fp32 score, int32 length, bytes.
 */
public final class Llama2cTokenizer implements Tokenizer {

  private static final int START = 1;
  private static final int FIRST_BYTE = 3;
  private static final int BYTES = 256;

  private final List<byte[]> pieces;
  private final float[] scores;
  private final Map<String, Integer> ids = new HashMap<>(); // by bytes as Latin-1

  private Llama2cTokenizer(List<byte[]> pieces, float[] scores) {
    this.pieces = pieces;
    this.scores = scores;
    for (int i = 0; i < pieces.size(); i++) {
      ids.putIfAbsent(key(pieces.get(i)), i);
    }
  }

  /**
   * Reads a tokenizer.
   *
   * @param vocabulary number of pieces in the file
   * @throws FormatException if the file holds more or less than that
   */
  public static Llama2cTokenizer open(Path file, int vocabulary) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    String whole = "%d pieces: fp32 score, int32 length, bytes".formatted(vocabulary);
    if (vocabulary < FIRST_BYTE + BYTES || in.remaining() < Integer.BYTES) {
      throw new FormatException(
          file.toString(), 0, in.remaining() + " bytes, " + vocabulary + " pieces", whole);
    }
    int longest = in.getInt();
    List<byte[]> pieces = new ArrayList<>();
    float[] scores = new float[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      if (in.remaining() < Float.BYTES + Integer.BYTES) {
        throw new FormatException(
            file.toString(), in.position(), "the end of the file in piece " + i, whole);
      }
      scores[i] = in.getFloat();
      int length = in.getInt();
      if (length < 0 || length > Math.min(longest, in.remaining())) {
        throw new FormatException(
            file.toString(),
            in.position() - Integer.BYTES,
            "length %d of piece %d".formatted(length, i),
            "0 to " + Math.min(longest, in.remaining()));
      }
      byte[] piece = new byte[length];
      in.get(piece);
      pieces.add(piece);
    }
    if (in.hasRemaining()) {
      throw new FormatException(
          file.toString(), in.position(), in.remaining() + " bytes more", whole);
    }
    return new Llama2cTokenizer(pieces, scores);
  }

  @Override
  public int[] encode(String text) {
    if (text.isEmpty()) {
      return new int[0];
    }
    int[] tokens = characters(" " + text);
    int count = tokens.length;
    while (true) {
      int best = -1;
      int merged = -1;
      for (int i = 0; i + 1 < count; i++) {
        Integer id = ids.get(key(pieces.get(tokens[i])) + key(pieces.get(tokens[i + 1])));
        if (id != null && (best < 0 || scores[id] > scores[merged])) {
          best = i;
          merged = id;
        }
      }
      if (best < 0) {
        return Arrays.copyOf(tokens, count);
      }
      tokens[best] = merged;
      System.arraycopy(tokens, best + 2, tokens, best + 1, count - best - 2);
      count--;
    }
  }

  @Override
  public int[] sentence(String text, int most) {
    int[] tokens = encode(text);
    int[] all = new int[Math.min(most, tokens.length + 1)];
    all[0] = START;
    System.arraycopy(tokens, 0, all, 1, all.length - 1);
    return all;
  }

  private int[] characters(String text) {
    return text.codePoints()
        .flatMap(
            c -> {
              byte[] bytes = Character.toString(c).getBytes(StandardCharsets.UTF_8);
              Integer id = ids.get(key(bytes));
              return id != null
                  ? java.util.stream.IntStream.of(id)
                  : java.util.stream.IntStream.range(0, bytes.length)
                      .map(i -> FIRST_BYTE + (bytes[i] & 0xff));
            })
        .toArray();
  }

  @Override
  public String decode(int[] tokens) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int token : tokens) {
      Tokens.check(token, pieces.size(), "a token");
      if (token >= FIRST_BYTE && token < FIRST_BYTE + BYTES) {
        out.write(token - FIRST_BYTE);
      } else if (token >= FIRST_BYTE) {
        out.writeBytes(pieces.get(token));
      }
    }
    String text = out.toString(StandardCharsets.UTF_8);
    return text.startsWith(" ") ? text.substring(1) : text;
  }

  @Override
  public int start() {
    return START;
  }

  @Override
  public void close() {}

  private static String key(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
