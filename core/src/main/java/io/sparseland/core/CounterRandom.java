// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.nio.charset.StandardCharsets;

/**
 * Random numbers without a state: the i-th number depends only on (seed, name, step, i), so any
 * order, any thread count and a resumed run draw the same.
 *
 * <p>The generator is SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
 * generators") started at a hash of seed, name and step.
 */
public final class CounterRandom {

  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final long key;

  private CounterRandom(long key) {
    this.key = key;
  }

  /**
   * The numbers of one purpose at one step.
   *
   * @param seed of the run
   * @param name stream, usually the name of a layer
   * @param step of training, 0 before it
   */
  public static CounterRandom of(long seed, String name, long step) {
    long hash = 0xCBF29CE484222325L; // FNV-1a
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
    }
    long key = mix(seed + GOLDEN);
    key = mix(key ^ hash);
    return new CounterRandom(mix(key + GOLDEN * (step + 1)));
  }

  /** The index-th 64 bits. */
  public long bits(long index) {
    return mix(key + GOLDEN * (index + 1));
  }

  /** The index-th number of U(0, 1), both ends excluded, from 52 bits. */
  public double uniform(long index) {
    return ((bits(index) >>> 12) + 0.5) * 0x1p-52;
  }

  /** The index-th number of N(0, 1), by the transform of Box and Muller. */
  public double normal(long index) {
    return Math.sqrt(-2 * Math.log(uniform(2 * index)))
        * Math.cos(2 * Math.PI * uniform(2 * index + 1));
  }

  /** Finaliser of SplitMix64: a bijection of the 64-bit integers. */
  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
