// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers.dynamic;

import static io.sparseland.core.MethodTags.Connectivity.DYNAMIC;
import static io.sparseland.core.MethodTags.Connectivity.STATIC;
import static io.sparseland.core.MethodTags.Flow.DENSE_TO_SPARSE;
import static io.sparseland.core.MethodTags.Flow.SPARSE_TO_SPARSE;
import static io.sparseland.core.MethodTags.When.BEFORE_TRAINING;
import static io.sparseland.core.MethodTags.When.DURING_TRAINING;

import io.sparseland.core.MethodEntry;
import io.sparseland.core.MethodProvider;
import io.sparseland.core.MethodTags;
import io.sparseland.core.MethodTags.Granularity;
import java.net.URI;
import java.util.EnumSet;
import java.util.List;

/** The methods of this package. */
public final class DynamicMethods implements MethodProvider {

  private static final EnumSet<Granularity> ANY = EnumSet.allOf(Granularity.class);
  private static final EnumSet<Granularity> SINGLE = EnumSet.of(Granularity.UNSTRUCTURED);

  @Override
  public List<MethodEntry> methods() {
    return List.of(
        new MethodEntry(
            "static",
            Static.class,
            new MethodTags(BEFORE_TRAINING, SPARSE_TO_SPARSE, STATIC, ANY),
            URI.create("https://arxiv.org/abs/2202.02643")),
        new MethodEntry(
            "set",
            SparseEvolution.class,
            new MethodTags(DURING_TRAINING, SPARSE_TO_SPARSE, DYNAMIC, SINGLE),
            URI.create("https://arxiv.org/abs/1707.04780")),
        new MethodEntry(
            "rigl",
            RigL.class,
            new MethodTags(DURING_TRAINING, SPARSE_TO_SPARSE, DYNAMIC, SINGLE),
            URI.create("https://arxiv.org/abs/1911.11134")),
        new MethodEntry(
            "gmp",
            Gmp.class,
            new MethodTags(DURING_TRAINING, DENSE_TO_SPARSE, DYNAMIC, ANY),
            URI.create("https://arxiv.org/abs/1710.01878")));
  }
}
