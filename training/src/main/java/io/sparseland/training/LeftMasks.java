// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import io.sparseland.core.Check;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.schedulers.dynamic.Static;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The masks that a stopped training left, and how they had changed by then. */
final class LeftMasks {

  private static final String MASK = "mask/";
  private static final String UPDATE = "change/";

  private LeftMasks() {}

  /**
   * One mask for each chosen layer.
   *
   * @throws IllegalArgumentException if one is missing, of another shape, or not the one that is to
   *     be held
   */
  static Map<Layer, Mask> of(Part part, List<Layer> chosen, TrainState from) {
    Map<Layer, Mask> masks = new LinkedHashMap<>();
    Set<String> known = new HashSet<>(from.numbers(MASK));
    for (Layer layer : chosen) {
      Check.that(
          known.contains(layer.name()),
          "the stopped training had masks for %s, this one needs one for layer '%s'",
          new TreeSet<>(known),
          layer.name());
      Mask mask = MaskedLayer.maskIn(from, layer);
      Check.that(
          part.start() == null
              || !(part.method() instanceof Static)
              || same(mask, part.start(), layer),
          "layer '%s' is to be held at another mask than the stopped training's",
          layer.name());
      masks.put(layer, mask);
    }
    return masks;
  }

  private static boolean same(Mask mask, Masks start, Layer layer) {
    Mask held = start.byLayer().get(layer.name());
    return held != null && held.equals(mask);
  }

  static void save(List<MaskUpdate> updates, TrainState into) {
    int at = 0;
    for (MaskUpdate u : updates) {
      String name = UPDATE + "%09d".formatted(at++); // their order is that of the names
      into.put(name, u.step(), u.size(), u.kept(), u.dropped(), u.grown(), u.everActive());
      into.put(name, u.layer());
    }
  }

  static List<MaskUpdate> updates(TrainState from) {
    List<MaskUpdate> updates = new ArrayList<>();
    for (String number : from.numbers(UPDATE)) {
      long[] u = from.numbersOf(UPDATE + number);
      updates.add(
          new MaskUpdate(
              u[0],
              from.text(UPDATE + number),
              (int) u[1],
              (int) u[2],
              (int) u[3],
              (int) u[4],
              (int) u[5]));
    }
    return updates;
  }
}
