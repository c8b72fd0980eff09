// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

/**
 * The attention of a {@link Decoder}: {@code heads / keyValueHeads} neighbouring query heads share
 * one key and value head.
 *
 * @param heads of the queries
 * @param keyValueHeads of the keys and values; must divide the heads
 * @param rotary positions; its width is that of a head
 */
public record Attention(int heads, int keyValueHeads, Rotary rotary) {

  /** Checks that the heads can be shared evenly. */
  public Attention {
    Sizes.positive("decoder", heads);
    Sizes.positive("decoder", keyValueHeads);
    if (heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "'decoder' has %d query heads for %d key and value heads; they must divide"
              .formatted(heads, keyValueHeads));
    }
  }

  /** Numbers of all query heads together. */
  public int queryWidth() {
    return heads * rotary.width();
  }

  /** Numbers of all key heads together, and of all value heads. */
  public int keyWidth() {
    return keyValueHeads * rotary.width();
  }
}
