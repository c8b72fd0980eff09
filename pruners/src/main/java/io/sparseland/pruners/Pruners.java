// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import static io.sparseland.core.MethodTags.Connectivity.STATIC;
import static io.sparseland.core.MethodTags.Flow.DENSE_TO_SPARSE;
import static io.sparseland.core.MethodTags.When.AFTER_TRAINING;
import static io.sparseland.core.MethodTags.When.BEFORE_TRAINING;

import io.sparseland.core.MethodEntry;
import io.sparseland.core.MethodProvider;
import io.sparseland.core.MethodTags;
import io.sparseland.core.MethodTags.Granularity;
import java.net.URI;
import java.util.EnumSet;
import java.util.List;

/** The criteria of this module. */
public final class Pruners implements MethodProvider {

  private static final MethodTags ANY_SHAPE =
      new MethodTags(AFTER_TRAINING, DENSE_TO_SPARSE, STATIC, EnumSet.allOf(Granularity.class));

  private static final MethodTags BEFORE =
      new MethodTags(
          BEFORE_TRAINING, DENSE_TO_SPARSE, STATIC, EnumSet.of(Granularity.UNSTRUCTURED));

  @Override
  public List<MethodEntry> methods() {
    return List.of(
        criterion("random", Random.class, "https://arxiv.org/abs/2202.02643"),
        criterion("magnitude", Magnitude.class, "https://arxiv.org/abs/1506.02626"),
        criterion("wanda", Wanda.class, "https://arxiv.org/abs/2306.11695"),
        criterion("sparsegpt", SparseGpt.class, "https://arxiv.org/abs/2301.00774"),
        criterion("obc", Obc.class, "https://arxiv.org/abs/2208.11580"),
        criterion("obert", Obert.class, "https://arxiv.org/abs/2203.07259"),
        criterion("woodfisher", Obert.class, "https://arxiv.org/abs/2004.14340"),
        criterion("mfac", Mfac.class, "https://arxiv.org/abs/2107.03356"),
        criterion("flap", Fluctuation.class, "https://arxiv.org/abs/2312.11983"),
        atStart("snip", Snip.class, "https://arxiv.org/abs/1810.02340"),
        atStart("grasp", Grasp.class, "https://arxiv.org/abs/2002.07376"),
        atStart("synflow", SynFlow.class, "https://arxiv.org/abs/2006.05467"),
        criterion("alps", Alps.class, "https://arxiv.org/abs/2406.07831"),
        criterion("saliency", Saliency.class, "https://arxiv.org/abs/1611.06440"),
        criterion("gradient", GradientMagnitude.class, "https://arxiv.org/abs/1911.11134"));
  }

  private static MethodEntry criterion(String name, Class<? extends Record> type, String paper) {
    return new MethodEntry(name, type, ANY_SHAPE, URI.create(paper));
  }

  private static MethodEntry atStart(String name, Class<? extends Record> type, String paper) {
    return new MethodEntry(name, type, BEFORE, URI.create(paper));
  }
}
