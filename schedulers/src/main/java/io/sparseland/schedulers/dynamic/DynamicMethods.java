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
import io.sparseland.core.MethodTags.Flow;
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
            URI.create("https://arxiv.org/abs/1710.01878")),
        dynamic("itop", Itop.class, SPARSE_TO_SPARSE, "https://arxiv.org/abs/2102.02887"),
        dynamic("snfs", SparseMomentum.class, SPARSE_TO_SPARSE, "https://arxiv.org/abs/1907.04840"),
        dynamic(
            "dsr",
            DynamicReparameterization.class,
            SPARSE_TO_SPARSE,
            "https://arxiv.org/abs/1902.05967"),
        dynamic("mest", Mest.class, SPARSE_TO_SPARSE, "https://arxiv.org/abs/2110.14032"),
        dynamic("topkast", TopKast.class, SPARSE_TO_SPARSE, "https://arxiv.org/abs/2106.03517"),
        dynamic("dsl", SparseEmbedding.class, SPARSE_TO_SPARSE, "https://arxiv.org/abs/2402.02855"),
        dynamic("granet", GraNet.class, DENSE_TO_SPARSE, "https://arxiv.org/abs/2106.10404"));
  }

  private static MethodEntry dynamic(
      String name, Class<? extends Record> type, Flow flow, String paper) {
    return new MethodEntry(
        name, type, new MethodTags(DURING_TRAINING, flow, DYNAMIC, SINGLE), URI.create(paper));
  }
}
