// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;

/**
 * Which weights of a layer are kept: one bit a weight, row-major over {@code [out, in]}, immutable.
 *
 * <p>Never inferred from weights: a kept weight may be exactly 0.
 */
public final class Mask {

  private final Geometry geometry;
  private final Pattern pattern;
  private final long[] words;
  private final int kept;

  private Mask(Geometry geometry, Pattern pattern, long[] words) {
    this.geometry = geometry;
    this.pattern = pattern;
    this.words = words;
    this.kept = Math.toIntExact(Arrays.stream(words).map(Long::bitCount).sum());
  }

  /** Everything kept. */
  public static Mask all(Geometry geometry) {
    long[] words = new long[wordCount(geometry)];
    Arrays.fill(words, -1L);
    int tail = geometry.size() % Long.SIZE;
    if (tail != 0) {
      words[words.length - 1] = (1L << tail) - 1;
    }
    return new Mask(geometry, Pattern.unstructured(), words);
  }

  /** Everything pruned. */
  public static Mask none(Geometry geometry) {
    return new Mask(geometry, Pattern.unstructured(), new long[wordCount(geometry)]);
  }

  /**
   * A mask from its bits.
   *
   * @param words bit i of word i/64, lowest first, is 1 where weight i is kept; copied
   * @throws IllegalArgumentException if the number of words is wrong, a bit beyond the last weight
   *     is set, or the bits do not follow the pattern
   */
  public static Mask of(Geometry geometry, Pattern pattern, long[] words) {
    Check.that(
        words.length == wordCount(geometry),
        "%d mask words for %d weights, allowed: %d",
        words.length,
        geometry.size(),
        wordCount(geometry));
    int tail = geometry.size() % Long.SIZE;
    Check.that(
        tail == 0 || words[words.length - 1] >>> tail == 0,
        "a mask bit beyond the last weight (%d) is set",
        geometry.size() - 1);
    Mask mask = new Mask(geometry, pattern, words.clone());
    pattern.verify(mask);
    return mask;
  }

  /**
   * A mask from its bits.
   *
   * @param keep bit i is set where weight i is kept
   */
  public static Mask of(Geometry geometry, Pattern pattern, BitSet keep) {
    Check.that(
        keep.length() <= geometry.size(),
        "mask bit %d is set, allowed: 0 to %d",
        keep.length() - 1,
        geometry.size() - 1);
    return of(geometry, pattern, Arrays.copyOf(keep.toLongArray(), wordCount(geometry)));
  }

  /** A mask whose bits are known to follow the pattern; the words are not copied. */
  static Mask chosen(Geometry geometry, Pattern pattern, long[] words) {
    return new Mask(geometry, pattern, words);
  }

  /** Whether the weight at a flat index is kept. */
  public boolean get(int index) {
    if (index < 0 || index >= size()) {
      throw new IndexOutOfBoundsException(
          "mask index " + index + ", allowed: 0 to " + (size() - 1));
    }
    return (words[index / Long.SIZE] >>> index & 1) != 0;
  }

  /** Number of weights kept. */
  public int kept() {
    return kept;
  }

  /** Number of weights. */
  public int size() {
    return geometry.size();
  }

  /** Share of weights pruned, 0 to 1. */
  public double sparsity() {
    return (double) (size() - kept) / size();
  }

  /** How the pruned weights are arranged. */
  public Pattern pattern() {
    return pattern;
  }

  /** The layer's shape. */
  public Geometry geometry() {
    return geometry;
  }

  /** The flat indices that are kept; a copy. */
  public BitSet keptSet() {
    return BitSet.valueOf(words);
  }

  /** A copy of the bits; bit i of word i/64, lowest first, is 1 where weight i is kept. */
  public long[] words() {
    return words.clone();
  }

  /** The mask as 0 and 1, float, {@code [out, in]}. */
  public NDArray toArray(NDManager manager) {
    float[] values = new float[size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = bit(i) ? 1 : 0;
    }
    return manager.create(values, new Shape(geometry.out(), geometry.in()));
  }

  /**
   * Writes a value over everything pruned: 0 into weights, minus infinity into scores.
   *
   * @param values one a weight, changed in place
   */
  public void fillPruned(float[] values, float value) {
    Check.that(
        values.length == size(), "%d values for a mask of %d weights", values.length, size());
    for (int i = 0; i < values.length; i++) {
      if (!bit(i)) {
        values[i] = value;
      }
    }
  }

  /** What both keep. The pattern stays if both have it and it survives, else it is unstructured. */
  public Mask and(Mask other) {
    checkSameGeometry(other);
    long[] both = new long[words.length];
    for (int i = 0; i < both.length; i++) {
      both[i] = words[i] & other.words[i];
    }
    boolean survives =
        pattern.equals(other.pattern)
            && (!(pattern instanceof Pattern.NM) || Arrays.equals(words, other.words));
    return new Mask(geometry, survives ? pattern : Pattern.unstructured(), both);
  }

  /** Whether everything kept here is kept there too. */
  public boolean isSubsetOf(Mask other) {
    checkSameGeometry(other);
    for (int i = 0; i < words.length; i++) {
      if ((words[i] & ~other.words[i]) != 0) {
        return false;
      }
    }
    return true;
  }

  /** SHA-256 over geometry and bits, in hex. */
  public String hash() {
    ByteBuffer bytes =
        ByteBuffer.allocate(6 * Integer.BYTES + words.length * Long.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(geometry.out()).putInt(geometry.in()).putInt(geometry.channels());
    bytes.putInt(geometry.kernelH()).putInt(geometry.kernelW()).putInt(geometry.groups());
    bytes.asLongBuffer().put(words);
    return HexFormat.of().formatHex(sha256().digest(bytes.array()));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Mask mask
        && geometry.equals(mask.geometry)
        && pattern.equals(mask.pattern)
        && Arrays.equals(words, mask.words);
  }

  @Override
  public int hashCode() {
    return 31 * geometry.hashCode() + Arrays.hashCode(words);
  }

  @Override
  public String toString() {
    return "Mask[%d x %d, %s, kept %d]"
        .formatted(geometry.out(), geometry.in(), pattern.text(), kept);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private boolean bit(int index) {
    return (words[index >>> 6] >>> index & 1) != 0;
  }

  private void checkSameGeometry(Mask other) {
    Check.that(
        geometry.equals(other.geometry),
        "masks of different layers: %s and %s",
        geometry,
        other.geometry);
  }

  private static int wordCount(Geometry geometry) {
    return (geometry.size() + Long.SIZE - 1) / Long.SIZE;
  }
}
