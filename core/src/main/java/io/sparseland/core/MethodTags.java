// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * The four tags that every method carries; the vocabulary of Liu et al. 2023, "Ten lessons we have
 * learned in the new Sparseland".
 *
 * @param when it works, relative to training
 * @param flow what it starts from and ends with
 * @param connectivity whether masks change once there
 * @param granularity shapes of what it can prune
 */
public record MethodTags(
    When when, Flow flow, Connectivity connectivity, Set<Granularity> granularity) {

  /** Copies the set. */
  public MethodTags {
    Check.that(!granularity.isEmpty(), "granularity is empty, allowed: one or more");
    granularity = Collections.unmodifiableSet(EnumSet.copyOf(granularity));
  }

  /** When a method works. */
  public enum When {
    /** On an untrained network. */
    BEFORE_TRAINING,
    /** While training. */
    DURING_TRAINING,
    /** On a trained network. */
    AFTER_TRAINING
  }

  /** What a method starts from and ends with. */
  public enum Flow {
    /** Starts dense. */
    DENSE_TO_SPARSE,
    /** Sparse throughout. */
    SPARSE_TO_SPARSE,
    /** Ends dense. */
    SPARSE_TO_DENSE
  }

  /** Whether masks change. */
  public enum Connectivity {
    /** Chosen once. */
    STATIC,
    /** Changed while training. */
    DYNAMIC
  }

  /** Shapes of what is pruned. */
  public enum Granularity {
    /** Single weights. */
    UNSTRUCTURED,
    /** N of every M. */
    N_OF_M,
    /** Rectangles. */
    BLOCK,
    /** Whole rows, channels or heads. */
    STRUCTURED
  }
}
