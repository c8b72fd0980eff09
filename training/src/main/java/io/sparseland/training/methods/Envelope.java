// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

/**
 * The convex envelope of "at most k groups are not 0": {@code S_k(x) = min over 0 <= u <= 1, sum u
 * <= k of 1/2 sum_j d_j |x_j|^2 / u_j}, and its proximal map.
 */
final class Envelope {

  private static final int HALVINGS = 200; // far beyond double precision

  private Envelope() {}

  /**
   * The u of {@code prox of lambda S_k} at groups of given norms: group j becomes {@code x_j u_j /
   * (lambda d_j + u_j)}. {@code u_j = clip(a sqrt(lambda d_j) t_j - lambda d_j, 0, 1)} with a found
   * by bisection so that they add up to k; with fewer than k groups that are not 0, all those have
   * u = 1.
   *
   * @param norms t, 0 or more
   * @param weights d, above 0
   * @param k groups that may stay, 0 or more
   */
  static double[] shares(double[] norms, double[] weights, long k, double lambda) {
    double[] u = new double[norms.length];
    double high = 0;
    int alive = 0;
    for (int j = 0; j < norms.length; j++) {
      if (norms[j] > 0) {
        alive++;
        double scaled = lambda * weights[j];
        high = Math.max(high, (1 + scaled) / (Math.sqrt(scaled) * norms[j])); // u_j = 1 there
      }
    }
    if (alive <= k) {
      for (int j = 0; j < norms.length; j++) {
        u[j] = norms[j] > 0 ? 1 : 0;
      }
      return u;
    }
    double low = 0;
    for (int i = 0; i < HALVINGS; i++) {
      double a = (low + high) / 2;
      if (fill(u, norms, weights, lambda, a) > k) {
        high = a;
      } else {
        low = a;
      }
    }
    fill(u, norms, weights, lambda, high);
    return u;
  }

  private static double fill(
      double[] u, double[] norms, double[] weights, double lambda, double a) {
    double sum = 0;
    for (int j = 0; j < u.length; j++) {
      double scaled = lambda * weights[j];
      u[j] = Math.min(1, Math.max(0, a * Math.sqrt(scaled) * norms[j] - scaled));
      sum += u[j];
    }
    return sum;
  }
}
