// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.NDArray;
import java.lang.reflect.Proxy;

/** An array times a number, such that backward is right. */
final class Scaled {

  private Scaled() {}

  /**
   * The product. DJL 0.36 frees the memory of a plain number before backward reads it (ADR 8), so
   * the number goes in as an array of the engine's own memory; a trace sees the number itself.
   */
  static NDArray by(NDArray x, double number) {
    if (Proxy.isProxyClass(x.getClass())) {
      return x.mul((float) number);
    }
    try (NDArray borrowed = x.getManager().create((float) number);
        NDArray owned = borrowed.duplicate()) {
      return x.mul(owned);
    }
  }
}
