// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;

/**
 * Squared error of a layer's output on the calibration data, as a share of the wanted output's
 * square, from second moments alone: {@code tr(W' G W'^T) - 2 tr(W' C) + s}.
 */
final class LayerError {

  private final @org.jspecify.annotations.Nullable NDArray grams; // [groups, in, in]
  private final NDArray wanted; // [in, out]
  private final double square;
  private final Geometry geometry;

  private LayerError(
      Geometry geometry,
      @org.jspecify.annotations.Nullable NDArray grams,
      NDArray wanted,
      double square) {
    this.geometry = geometry;
    this.grams = grams;
    this.wanted = wanted;
    this.square = square;
  }

  /**
   * The error of a layer.
   *
   * @param target weights whose output is wanted, unless the evidence says what is
   */
  static LayerError of(Layer layer, Evidence evidence, NDArray target) {
    Geometry g = layer.geometry();
    if (!evidence.available().contains(Statistic.INPUT_GRAM)) {
      return new LayerError(g, null, target, 0);
    }
    NDArray grams = evidence.get(Statistic.INPUT_GRAM).reshape(g.groups(), g.in(), g.in());
    if (evidence.available().contains(Statistic.WANTED_OUTPUT)) {
      double square = evidence.get(Statistic.WANTED_SQUARE).toDoubleArray()[0];
      return new LayerError(g, grams, evidence.get(Statistic.WANTED_OUTPUT), square);
    }
    NDArray rows = byGroup(g, target); // [groups, share, in]
    NDArray outputs = grams.matMul(rows.transpose(0, 2, 1)); // [groups, in, share]
    double square = outputs.transpose(0, 2, 1).mul(rows).sum().toDoubleArray()[0];
    NDArray wanted = outputs.transpose(1, 0, 2).reshape(g.in(), g.out());
    return new LayerError(g, grams, wanted, square);
  }

  /** The error of weights, fp64 {@code [out, in]}; NaN if second moments are not known. */
  double of(NDArray weight) {
    NDArray known = grams;
    if (known == null) {
      return Double.NaN;
    }
    if (square == 0) {
      return 0;
    }
    NDArray rows = byGroup(geometry, weight);
    double own = rows.matMul(known).mul(rows).sum().toDoubleArray()[0];
    double cross = weight.mul(wanted.transpose()).sum().toDoubleArray()[0];
    return (own - 2 * cross + square) / square;
  }

  private static NDArray byGroup(Geometry g, NDArray weight) {
    return weight.reshape(g.groups(), g.out() / g.groups(), g.in());
  }
}
