// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import io.sparseland.core.Layer;
import io.sparseland.core.Statistic;
import io.sparseland.core.UpdateContext;
import java.util.BitSet;
import java.util.Set;

/** Which kept weights of a layer an update takes out. */
interface Drop {

  /** Statistics that {@link #of} reads. */
  Set<Statistic> needs();

  /** Whether anything may be dropped at this step. */
  boolean at(long step);

  /** The weights that go: a subset of the kept ones. */
  BitSet of(UpdateContext context, Layer layer);

  /**
   * Told after every layer.
   *
   * @param dropped weights in all layers
   * @param kept weights in all layers before
   */
  default void done(UpdateContext context, long dropped, long kept) {}
}
