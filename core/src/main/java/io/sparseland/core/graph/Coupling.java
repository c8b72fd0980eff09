// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import java.util.List;

/**
 * Hidden units or attention heads: columns of one layer that nothing but rows of others feeds, so
 * that a unit can go as a whole.
 *
 * @param consumer layer that reads the units: unit u is its columns {@code u · width} to {@code u ·
 *     width + width - 1}
 * @param units how many there are
 * @param width columns of one unit: 1, or of an attention head (of all heads that share a key) its
 *     size
 * @param attention whether they are heads
 * @param producers layers whose rows make them
 */
public record Coupling(
    String consumer, int units, int width, boolean attention, List<Producer> producers) {

  /** Copies the list. */
  public Coupling {
    producers = List.copyOf(producers);
  }

  /**
   * A layer that makes units.
   *
   * @param layer its name
   * @param rows of one unit: unit u is rows {@code u · rows} to {@code u · rows + rows - 1}
   */
  public record Producer(String layer, int rows) {}
}
