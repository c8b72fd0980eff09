// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

/**
 * How large a sparse replacement of a dense layer may be at the same number of multiplications: the
 * size rules of Sparse-IFT. Unrounded, each identity is exact: wide {@code (k in)(k out)(1 - s) =
 * in out}; parallel {@code b (1 - s) = 1}; factorised {@code (1 - s) r (in + out) = in out}; doped
 * {@code (1 - s) in out + r (in + out) = in out}. Of a convolution {@code in} is kernel area times
 * channels.
 *
 * @see <a href="https://arxiv.org/abs/2303.11525">Thangarasa et al. 2023, "Sparse-IFT: Sparse
 *     Iso-FLOP Transformations for Maximizing Training Efficiency", section 3</a>
 */
public final class IsoFlop {

  private static final double SLACK = 1e-9; // 576.0000000001 is 576

  private IsoFlop() {}

  /** {@code k = sqrt(1 / (1 - s))}, which all widths between layers are multiplied by. */
  public static double widening(double sparsity) {
    return Math.sqrt(1 / density(sparsity));
  }

  /** A width times {@link #widening}, rounded down. */
  public static int wide(int width, double sparsity) {
    return (int) Math.floor(width * widening(sparsity) + SLACK);
  }

  /** {@code b = 1 / (1 - s)} before rounding. */
  public static double branches(double sparsity) {
    return 1 / density(sparsity);
  }

  /** {@code r = in out / ((1 - s)(in + out))} of two sparse factors, before rounding up. */
  public static double factorRank(int in, int out, double sparsity) {
    return (double) in * out / (density(sparsity) * (in + (double) out));
  }

  /** {@code r = s in out / (in + out)} of the dense factors beside a sparse layer. */
  public static double dopedRank(int in, int out, double sparsity) {
    density(sparsity);
    return sparsity * in * out / (in + (double) out);
  }

  /** Rounded to the next whole number above. */
  static int up(double real) {
    return (int) Math.ceil(real - SLACK);
  }

  /** Rounded to the next whole number below. */
  static int down(double real) {
    return (int) Math.floor(real + SLACK);
  }

  private static double density(double sparsity) {
    if (!(sparsity >= 0 && sparsity < 1)) {
      throw new IllegalArgumentException(
          "sparsity is " + sparsity + ", allowed: 0 to below 1 (density above 0)");
    }
    return 1 - sparsity;
  }
}
