// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.OptionalDouble;

/**
 * How pruned weights are arranged: which weights are kept or pruned together (a unit), and which
 * units compete with each other.
 *
 * <p>Units are numbered so that a lower number holds a lower first flat index among those it can
 * tie with, and the units that compete are neighbours. In a convolution, groups of N:M and the
 * columns of a block run along the input channels of one kernel position.
 */
public sealed interface Pattern {

  /** Every weight on its own. */
  static Pattern unstructured() {
    return new Unstructured();
  }

  /** {@code keep} of every {@code group} neighbouring inputs; an indivisible layer is refused. */
  static Pattern nm(int keep, int group) {
    return new NM(keep, group, Remainder.REFUSE);
  }

  /** Rectangles of {@code rows} outputs by {@code columns} inputs. */
  static Pattern block(int rows, int columns) {
    return new Block(rows, columns);
  }

  /** Whole outputs. */
  static Pattern row() {
    return new Row();
  }

  /** Whole input channels. */
  static Pattern channel() {
    return new Channel();
  }

  /** Heads of {@code width} neighbouring input channels. */
  static Pattern head(int width) {
    return new Head(width);
  }

  /**
   * Reads a pattern: {@code unstructured}, {@code 2:4} (kept : group), {@code 4x1} (outputs x
   * inputs), {@code row}, {@code channel}, {@code head/32} (channels); {@code 2:4+dense} leaves the
   * remainder of a row dense.
   *
   * @throws IllegalArgumentException for anything else
   */
  static Pattern parse(String text) {
    return PatternText.parse(text);
  }

  /** The text that {@link #parse} reads. */
  String text();

  /**
   * Whether a layer can have this pattern.
   *
   * @throws IllegalArgumentException naming size and divisor when it does not divide
   */
  default void check(Geometry geometry) {
    // every layer will do
  }

  /** Number of units: things kept or pruned together. */
  int units(Geometry geometry);

  /**
   * The unit of a weight.
   *
   * @param index flat index of the weight
   * @return unit, or -1 for a weight that always stays
   */
  int unitOf(Geometry geometry, int index);

  /**
   * Number of units that compete with each other; those of group g are units {@code g · n} to
   * {@code g · n + n - 1}.
   *
   * @throws IllegalArgumentException if the scope makes no sense here
   */
  int groupUnits(Geometry geometry, Scope within);

  /** Most units that may be pruned in one group of {@code n}. */
  default int mostPruned(int n) {
    return n;
  }

  /** Whether a unit spans whole rows or columns, so that units cannot compete within a row. */
  default boolean spansRows() {
    return this instanceof Row || this instanceof Channel || this instanceof Head;
  }

  /** The pattern a mask has when {@code pruned} units of every group are pruned. */
  default Pattern whenPruned(long pruned) {
    return this;
  }

  /** The sparsity that the pattern itself fixes, for N:M. */
  default OptionalDouble impliedSparsity() {
    return OptionalDouble.empty();
  }

  /**
   * Number of units to prune in every comparison group so that the layer's share of pruned weights
   * is reached, rounded down: the largest k with {@code floor(k · size / group) <= prunedWeights}.
   *
   * @param prunedWeights weights to prune in the layer, as an {@link Allocation} says
   * @param within which units compete
   */
  default long pruneUnits(Geometry geometry, long prunedWeights, Scope within) {
    return ((prunedWeights + 1) * groupUnits(geometry, within) - 1) / geometry.size();
  }

  /**
   * Prunes the units with the lowest scores, exactly {@code pruneUnits} in every comparison group;
   * among equal scores the lower unit goes first. The score of a unit is the sum of its weights'.
   *
   * @param scores one a weight, higher = keep; minus infinity: already pruned, goes first
   * @param pruneUnits units to prune in every comparison group, those already pruned included
   * @param within which units compete; N:M always compares within its groups
   * @throws IllegalArgumentException for a score that is not a number or is plus infinity, naming
   *     its index; for a count out of range; if more is already pruned than asked for
   */
  default Mask select(float[] scores, Geometry geometry, long pruneUnits, Scope within) {
    return PatternUnits.select(this, scores, geometry, pruneUnits, within);
  }

  /**
   * {@link #select} by the number of weights to keep in the layer.
   *
   * @param keptWeights as an {@link Allocation} says
   */
  default Mask selectKept(float[] scores, Geometry geometry, long keptWeights, Scope within) {
    check(geometry);
    return select(
        scores, geometry, pruneUnits(geometry, geometry.size() - keptWeights, within), within);
  }

  /**
   * Checks that a mask's bits follow this pattern.
   *
   * @throws IllegalArgumentException naming the first unit that does not
   */
  default void verify(Mask mask) {
    PatternUnits.verifyAllOrNone(this, mask);
  }

  private static int positions(Geometry geometry) {
    return geometry.kernelH() * geometry.kernelW();
  }

  /** What happens to the inputs that N:M groups leave over. */
  enum Remainder {
    /** An indivisible layer is an error. */
    REFUSE,
    /** The last inputs of each row (and kernel position) stay dense. */
    DENSE
  }

  /** Every weight on its own. */
  record Unstructured() implements Pattern {
    @Override
    public String text() {
      return "unstructured";
    }

    @Override
    public int units(Geometry geometry) {
      return geometry.size();
    }

    @Override
    public int unitOf(Geometry geometry, int index) {
      return index;
    }

    @Override
    public int groupUnits(Geometry geometry, Scope within) {
      return within == Scope.ROW ? geometry.in() : geometry.size();
    }

    @Override
    public Mask select(float[] scores, Geometry geometry, long pruneUnits, Scope within) {
      boolean whole = groupUnits(geometry, within) == geometry.size();
      return whole && scores.length == geometry.size()
          ? Mask.chosen(geometry, this, Ranking.keptWords(scores, pruneUnits))
          : PatternUnits.select(this, scores, geometry, pruneUnits, within);
    }

    @Override
    public void verify(Mask mask) {
      // every mask will do
    }
  }

  /**
   * {@code keep} of every {@code group} inputs of one output (and one kernel position).
   *
   * @param keep weights kept of a group, 0 to {@code group}
   * @param group neighbouring inputs, 1 or more
   * @param remainder of an indivisible layer
   */
  record NM(int keep, int group, Remainder remainder) implements Pattern {
    /** Checks the two numbers. */
    public NM {
      Check.that(
          group >= 1 && keep >= 0 && keep <= group,
          "pattern keeps %d of %d, allowed: 0 to %d of 1 or more",
          keep,
          group,
          group);
    }

    @Override
    public String text() {
      return keep + ":" + group + (remainder == Remainder.DENSE ? "+dense" : "");
    }

    @Override
    public void check(Geometry geometry) {
      Check.that(
          remainder == Remainder.DENSE || geometry.channels() % group == 0,
          "%d input channels are not divisible by the %d of pattern %s; exclude the layer or leave"
              + " the remainder dense (remainder: dense)",
          geometry.channels(),
          group,
          text());
    }

    @Override
    public int units(Geometry geometry) {
      return geometry.out() * positions(geometry) * covered(geometry);
    }

    @Override
    public int unitOf(Geometry geometry, int index) {
      int column = index % geometry.in();
      int channel = column / positions(geometry);
      int covered = covered(geometry);
      int lane = index / geometry.in() * positions(geometry) + column % positions(geometry);
      return channel < covered ? lane * covered + channel : -1;
    }

    @Override
    public int groupUnits(Geometry geometry, Scope within) {
      return group;
    }

    @Override
    public int mostPruned(int n) {
      return group - keep;
    }

    @Override
    public OptionalDouble impliedSparsity() {
      return OptionalDouble.of(1 - (double) keep / group);
    }

    @Override
    public Pattern whenPruned(long pruned) {
      return new NM(group - (int) pruned, group, remainder);
    }

    @Override
    public Mask select(float[] scores, Geometry geometry, long pruneUnits, Scope within) {
      return PatternGroups.select(this, scores, geometry, pruneUnits);
    }

    @Override
    public void verify(Mask mask) {
      PatternUnits.verifyGroups(this, mask);
    }

    private int covered(Geometry geometry) {
      return geometry.channels() / group * group;
    }
  }

  /**
   * Rectangles.
   *
   * @param rows outputs, within one group of a grouped convolution
   * @param columns input channels of one kernel position
   */
  record Block(int rows, int columns) implements Pattern {
    /** Checks the two numbers. */
    public Block {
      Check.that(
          rows >= 1 && columns >= 1, "block is %d x %d, allowed: 1 or more each", rows, columns);
    }

    @Override
    public String text() {
      return rows + "x" + columns;
    }

    @Override
    public void check(Geometry geometry) {
      int outputs = geometry.out() / geometry.groups();
      Check.that(
          outputs % rows == 0,
          "%d outputs (of one group) are not divisible by the %d rows of block %s",
          outputs,
          rows,
          text());
      Check.that(
          geometry.channels() % columns == 0,
          "%d input channels are not divisible by the %d columns of block %s",
          geometry.channels(),
          columns,
          text());
    }

    @Override
    public int units(Geometry geometry) {
      return geometry.size() / (rows * columns);
    }

    @Override
    public int unitOf(Geometry geometry, int index) {
      int column = index % geometry.in();
      int positions = positions(geometry);
      int inRow = column / positions / columns * positions + column % positions;
      return index / geometry.in() / rows * (geometry.in() / columns) + inRow;
    }

    @Override
    public int groupUnits(Geometry geometry, Scope within) {
      return within == Scope.ROW ? geometry.in() / columns : units(geometry);
    }
  }

  /** Whole outputs: rows of the matrix, filters of a convolution. */
  record Row() implements Pattern {
    @Override
    public String text() {
      return "row";
    }

    @Override
    public int units(Geometry geometry) {
      return geometry.out();
    }

    @Override
    public int unitOf(Geometry geometry, int index) {
      return index / geometry.in();
    }

    @Override
    public int groupUnits(Geometry geometry, Scope within) {
      Check.that(within != Scope.ROW, "whole rows cannot compete within a row, allowed: layer");
      return geometry.out();
    }
  }

  /** Whole input channels, all outputs (of the group) and kernel positions together. */
  record Channel() implements Pattern {
    @Override
    public String text() {
      return "channel";
    }

    @Override
    public int units(Geometry geometry) {
      return geometry.channels() * geometry.groups();
    }

    @Override
    public int unitOf(Geometry geometry, int index) {
      int group = index / geometry.in() / (geometry.out() / geometry.groups());
      return group * geometry.channels() + index % geometry.in() / positions(geometry);
    }

    @Override
    public int groupUnits(Geometry geometry, Scope within) {
      Check.that(within != Scope.ROW, "input channels span all rows, allowed: layer");
      return units(geometry);
    }
  }

  /**
   * Neighbouring input channels, all outputs together: the attention heads that a layer reads.
   *
   * @param width channels of one head
   */
  record Head(int width) implements Pattern {
    /** Checks the number. */
    public Head {
      Check.that(width >= 1, "a head has %d channels, allowed: 1 or more", width);
    }

    @Override
    public String text() {
      return "head/" + width;
    }

    @Override
    public void check(Geometry geometry) {
      Check.that(
          geometry.channels() % width == 0,
          "%d input channels are not divisible by the %d of pattern %s",
          geometry.channels(),
          width,
          text());
    }

    @Override
    public int units(Geometry geometry) {
      return geometry.channels() / width * geometry.groups();
    }

    @Override
    public int unitOf(Geometry geometry, int index) {
      int group = index / geometry.in() / (geometry.out() / geometry.groups());
      int channel = index % geometry.in() / positions(geometry);
      return (group * geometry.channels() + channel) / width;
    }

    @Override
    public int groupUnits(Geometry geometry, Scope within) {
      Check.that(within != Scope.ROW, "heads span all rows, allowed: layer");
      return units(geometry);
    }
  }
}
