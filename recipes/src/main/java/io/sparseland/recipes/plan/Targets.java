// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import io.sparseland.core.Allocation;
import io.sparseland.core.Counts;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerShape;
import io.sparseland.core.LayerType;
import io.sparseland.core.Pattern;
import io.sparseland.core.Scope;
import io.sparseland.core.Selector;
import io.sparseland.core.graph.Coupling;
import io.sparseland.core.graph.Couplings;
import io.sparseland.core.graph.Graph;
import io.sparseland.recipes.On;
import io.sparseland.recipes.PruneTarget;
import io.sparseland.recipes.Recipes;
import io.sparseland.recipes.plan.Plan.ExcludedLayer;
import io.sparseland.recipes.plan.Plan.LayerPlan;
import io.sparseland.recipes.plan.Plan.Point;
import io.sparseland.recipes.plan.Plan.TargetPlan;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which layers a target selects, and how many weights of each stay. */
public final class Targets {

  private Targets() {}

  /** The selector of a recipe's {@code on}, or the default one. */
  public static Selector selector(Optional<On> on) {
    return on.map(
            o -> {
              Set<LayerType> types = EnumSet.noneOf(LayerType.class);
              types.addAll(o.types());
              return new Selector(types, o.names(), o.except());
            })
        .orElseGet(Selector::defaults);
  }

  /**
   * A target on its layers.
   *
   * @param kept exact weights kept per selected layer; -1 when only the scores will tell
   */
  record Resolved(Selector.Selection selection, List<Long> kept, long total, String allocation) {}

  static Resolved resolve(
      List<Layer> layers,
      Optional<On> on,
      double sparsity,
      Allocation allocation,
      Pattern pattern,
      Scope scope) {
    Selector.Selection selection = selector(on).resolve(layers);
    List<LayerShape> shapes = LayerShape.of(selection.selected());
    for (Layer layer : selection.selected()) {
      try {
        pattern.check(layer.geometry());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("layer '" + layer.name() + "': " + e.getMessage(), e);
      }
    }
    String name = Recipes.word(allocation);
    if (allocation.needsScores()) {
      long all = Allocation.total(shapes);
      return new Resolved(
          selection,
          shapes.stream().map(s -> -1L).toList(),
          all - Counts.pruned(sparsity, all),
          name);
    }
    long[] kept = allocation.kept(shapes, sparsity);
    List<Long> exact = new ArrayList<>();
    for (int i = 0; i < kept.length; i++) {
      exact.add(exact(selection.selected().get(i), kept[i], pattern, scope));
    }
    return new Resolved(selection, exact, exact.stream().mapToLong(k -> k).sum(), name);
  }

  /** What is kept once the pattern has rounded: whole units, the same number in every group. */
  private static long exact(Layer layer, long kept, Pattern pattern, Scope scope) {
    int size = layer.geometry().size();
    Scope within =
        scope == Scope.GLOBAL || (pattern.spansRows() && scope == Scope.ROW) ? Scope.LAYER : scope;
    long perGroup = pattern.pruneUnits(layer.geometry(), size - kept, within);
    int units = pattern.units(layer.geometry());
    long groups = units / pattern.groupUnits(layer.geometry(), within);
    long unitSize = pattern instanceof Pattern.NM ? 1 : size / units;
    return size - perGroup * groups * unitSize;
  }

  /**
   * A target of whole units. Where all share one budget, only the scores will tell how many weights
   * a layer keeps.
   *
   * @param adaptive whether they do
   */
  static TargetPlan units(String kind, PruneTarget target, Traced model, boolean adaptive) {
    Selector.Selection selection = selector(target.on()).resolve(model.layers());
    List<Layer> selected = selection.selected();
    long all = Allocation.total(LayerShape.of(selected));
    Map<String, Long> counts =
        adaptive ? Map.of() : unitCounts(model.graph(), selected, target.share());
    List<Long> kept =
        selected.stream()
            .map(l -> adaptive ? -1 : counts.getOrDefault(l.name(), (long) l.geometry().size()))
            .toList();
    Resolved resolved =
        new Resolved(
            selection,
            kept,
            adaptive
                ? all - Counts.pruned(target.share(), all)
                : kept.stream().mapToLong(k -> k).sum(),
            adaptive ? "global" : "uniform");
    return plan(kind, target.share(), target.pattern().text(), resolved, model, 1, List.of());
  }

  /** Weights kept by layers that read or make units, every layer losing the same share of them. */
  private static Map<String, Long> unitCounts(Graph graph, List<Layer> selected, double share) {
    Map<String, Layer> named = new HashMap<>();
    selected.forEach(layer -> named.put(layer.name(), layer));
    Map<String, Long> kept = new HashMap<>();
    for (Coupling coupling : Couplings.of(graph)) {
      Layer reader = named.get(coupling.consumer());
      if (reader == null) {
        continue;
      }
      int units = coupling.units();
      long stay = units - Math.min(Counts.pruned(share, units), units - 1L);
      kept.put(reader.name(), stay * coupling.width() * reader.geometry().out());
      for (Coupling.Producer producer : coupling.producers()) {
        Layer maker = named.get(producer.layer());
        if (maker != null) {
          kept.put(maker.name(), stay * producer.rows() * maker.geometry().in());
        }
      }
    }
    return kept;
  }

  static TargetPlan plan(
      String kind,
      double sparsity,
      String pattern,
      Resolved resolved,
      Traced model,
      long updates,
      List<Point> schedule) {
    List<LayerPlan> layers = new ArrayList<>();
    long weights = 0;
    double flops = 0;
    for (int i = 0; i < resolved.kept().size(); i++) {
      Layer layer = resolved.selection().selected().get(i);
      int size = layer.geometry().size();
      long kept = resolved.kept().get(i);
      double density = kept < 0 ? 1 - sparsity : kept / (double) size;
      layers.add(new LayerPlan(layer.name(), size, kept, density));
      weights += size;
      flops += model.flops(layer.name()) * density;
    }
    List<ExcludedLayer> excluded =
        resolved.selection().excluded().stream()
            .map(e -> new ExcludedLayer(e.layer().name(), e.reason()))
            .toList();
    return new TargetPlan(
        kind,
        sparsity,
        resolved.allocation(),
        pattern,
        weights,
        resolved.total(),
        Math.round(flops),
        layers,
        excluded,
        updates,
        schedule);
  }
}
