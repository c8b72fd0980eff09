// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import static io.sparseland.core.MethodTags.Connectivity.DYNAMIC;
import static io.sparseland.core.MethodTags.Flow.DENSE_TO_SPARSE;
import static io.sparseland.core.MethodTags.When.DURING_TRAINING;

import io.sparseland.core.MethodEntry;
import io.sparseland.core.MethodProvider;
import io.sparseland.core.MethodTags;
import io.sparseland.core.MethodTags.Granularity;
import io.sparseland.core.SparsityMethod;
import java.net.URI;
import java.util.EnumSet;
import java.util.List;

/** The methods of this package. */
public final class ViewMethods implements MethodProvider {

  private static final EnumSet<Granularity> ANY = EnumSet.allOf(Granularity.class);
  private static final EnumSet<Granularity> NM = EnumSet.of(Granularity.N_OF_M);
  private static final EnumSet<Granularity> SINGLE = EnumSet.of(Granularity.UNSTRUCTURED);
  private static final EnumSet<Granularity> WHOLE = EnumSet.of(Granularity.STRUCTURED);

  @Override
  public List<MethodEntry> methods() {
    return List.of(
        entry("ste", StraightThrough.class, ANY, "1308.3432"),
        entry("sr_ste", StraightThrough.class, ANY, "2102.04010"),
        entry("mdgf", MaskDecay.class, ANY, "2402.04744"),
        entry("sdgf", StructureDecay.class, NM, "2402.04744"),
        entry("bdwp", Bidirectional.class, NM, "2309.13015"),
        entry("ast", AdaptiveTrainer.class, ANY, "2407.20584"),
        entry("str", SoftThreshold.class, SINGLE, "2002.03231"),
        entry("iss_p", SoftShrinkage.class, ANY, "2303.09650"),
        entry("wgsef", GroupEnvelope.class, WHOLE, "2212.12921"),
        entry("popup", Popup.class, ANY, "2207.06968"),
        entry("ac_dc", AcDc.class, ANY, "2106.12379"));
  }

  private static <M extends Record & SparsityMethod> MethodEntry entry(
      String name, Class<M> type, EnumSet<Granularity> granularity, String paper) {
    return new MethodEntry(
        name,
        type,
        new MethodTags(DURING_TRAINING, DENSE_TO_SPARSE, DYNAMIC, granularity),
        URI.create("https://arxiv.org/abs/" + paper));
  }
}
