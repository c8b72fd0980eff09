// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.graph.Coupling;
import io.sparseland.core.graph.Couplings;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.Stage;
import io.sparseland.core.graph.Stages;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Prunes whole hidden units and attention heads, as masks: the columns of the layer that reads a
 * unit, and the rows of the layers that make it.
 *
 * <p>A unit's score is the sum of its columns' scores, unless the criterion is a {@link
 * UnitCriterion}. Its cost, for a budget over all layers, is the number of its selected weights.
 *
 * @param criterion scores the layers that read units
 * @param adaptive whether all units and heads share one budget; else every layer loses the same
 *     share of its units
 * @param reconstructions of the layers that read units
 * @param calibration how statistics are collected
 * @param seed of the random numbers a criterion may ask for
 */
public record UnitPruning(
    Criterion criterion,
    boolean adaptive,
    List<Reconstruction> reconstructions,
    Calibration calibration,
    long seed)
    implements AfterTraining {

  /** Copies the list. */
  public UnitPruning {
    reconstructions = List.copyOf(reconstructions);
    Check.that(
        !(criterion instanceof Solver), "%s chooses weights, not units; name another", criterion);
  }

  @Override
  public Set<Statistic> needsBefore() {
    return OneShot.needsBefore(needs(), adaptive ? criterion.needs() : Set.of(), calibration);
  }

  @Override
  public Set<Statistic> needs() {
    return OneShot.needs(criterion, reconstructions, calibration);
  }

  @Override
  public List<Layer> measured(Graph graph, List<Layer> selected) {
    Set<String> readers =
        Couplings.of(graph).stream().map(Coupling::consumer).collect(Collectors.toSet());
    return selected.stream().filter(layer -> readers.contains(layer.name())).toList();
  }

  /** Units that one layer reads. */
  private record Part(Layer reader, Coupling units, Map<Layer, Integer> rows, double cost) {}

  @Override
  public Map<Layer, LayerOutcome> run(
      Graph graph,
      List<Layer> layers,
      List<Calibrator.Batch> batches,
      Map<String, Evidence> before,
      double sparsity,
      Function<Layer, @Nullable Mask> present) {
    Map<Layer, Part> parts = parts(graph, layers);
    Check.that(
        !parts.isEmpty(),
        "none of the selected layers %s reads hidden units or attention heads",
        layers.stream().map(Layer::name).toList());
    Map<Layer, LayerOutcome> done = new LinkedHashMap<>();
    Map<Layer, BitSet> chosen = new LinkedHashMap<>();
    if (adaptive) {
      chosen.putAll(budget(parts, before, sparsity, present));
    }
    Rebuilding rebuilding = new Rebuilding(calibration, reconstructions, new LayerWriter(graph));
    Function<Map.Entry<Layer, Evidence>, BitSet> units =
        of -> {
          BitSet known = chosen.get(of.getKey());
          Part part = parts.get(of.getKey());
          return known != null || part == null
              ? known
              : UnitBudget.uniform(scores(part, of.getValue(), present), sparsity);
        };
    boolean noInputs = needs().stream().noneMatch(Statistic::ofInputs);
    if (calibration.order() == Calibration.Order.DENSE || noInputs) {
      for (Part part : parts.values()) {
        Evidence known = before.getOrDefault(part.reader().name(), Evidence.none());
        prune(part, known, units.apply(Map.entry(part.reader(), known)), rebuilding, present, done);
      }
      return ordered(layers, done, present);
    }
    Check.that(!batches.isEmpty(), "there is no calibration batch");
    List<Layer> readers = List.copyOf(parts.keySet());
    try (SequentialCalibration data =
        new SequentialCalibration(graph, readers, batches, calibration.target(), needs())) {
      for (Stage stage : Stages.of(graph, readers.stream().map(Layer::name).toList())) {
        for (Map.Entry<Layer, Evidence> entry : data.advance(stage).entrySet()) {
          Part part = parts.get(entry.getKey());
          if (part != null) {
            Evidence known =
                entry.getValue().orElse(before.getOrDefault(part.reader().name(), Evidence.none()));
            BitSet keep = units.apply(Map.entry(part.reader(), known));
            prune(part, known, keep, rebuilding, present, done);
          }
        }
      }
    }
    return ordered(layers, done, present);
  }

  private static Map<Layer, Part> parts(Graph graph, List<Layer> layers) {
    Map<String, Layer> named =
        layers.stream().collect(Collectors.toMap(Layer::name, layer -> layer));
    Map<Layer, Part> parts = new LinkedHashMap<>();
    for (Coupling coupling : Couplings.of(graph)) {
      Layer reader = named.get(coupling.consumer());
      if (reader == null) {
        continue;
      }
      Map<Layer, Integer> rows = new LinkedHashMap<>();
      double cost = (double) coupling.width() * reader.geometry().out();
      for (Coupling.Producer producer : coupling.producers()) {
        Layer maker = named.get(producer.layer());
        if (maker != null) {
          rows.put(maker, producer.rows());
          cost += (double) producer.rows() * maker.geometry().in();
        }
      }
      parts.put(reader, new Part(reader, coupling, rows, cost));
    }
    return parts;
  }

  private Map<Layer, BitSet> budget(
      Map<Layer, Part> parts,
      Map<String, Evidence> before,
      double sparsity,
      Function<Layer, @Nullable Mask> present) {
    List<double[]> scores = new ArrayList<>();
    for (Part part : parts.values()) {
      Evidence known = before.getOrDefault(part.reader().name(), Evidence.none());
      scores.add(scores(part, known, present));
    }
    double[] costs = parts.values().stream().mapToDouble(Part::cost).toArray();
    List<BitSet> kept = UnitBudget.adaptive(scores, costs, sparsity);
    Map<Layer, BitSet> chosen = new LinkedHashMap<>();
    parts.keySet().forEach(reader -> chosen.put(reader, kept.get(chosen.size())));
    return chosen;
  }

  /** One score a unit; minus infinity for one that is pruned already. */
  private double[] scores(Part part, Evidence evidence, Function<Layer, @Nullable Mask> present) {
    int width = part.units().width();
    int in = part.reader().geometry().in();
    double[] scores = new double[part.units().units()];
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      Evidence known = evidence.withUniform(part.reader(), seed, 0);
      if (criterion instanceof UnitCriterion own) {
        scores = own.units(part.reader(), known, width);
      } else {
        float[] all = Scores.of(criterion, part.reader(), known);
        for (int i = 0; i < all.length; i++) {
          scores[i % in / width] += all[i];
        }
      }
    }
    Mask mask = present.apply(part.reader());
    if (mask != null) {
      BitSet alive = new BitSet();
      for (int i = 0; i < mask.size(); i++) {
        alive.set(i % in / width, alive.get(i % in / width) || mask.get(i));
      }
      for (int u = 0; u < scores.length; u++) {
        scores[u] = alive.get(u) ? scores[u] : Double.NEGATIVE_INFINITY;
      }
    }
    return scores;
  }

  private static void prune(
      Part part,
      Evidence evidence,
      BitSet keep,
      Rebuilding rebuilding,
      Function<Layer, @Nullable Mask> present,
      Map<Layer, LayerOutcome> done) {
    Layer reader = part.reader();
    int in = reader.geometry().in();
    int width = part.units().width();
    Pattern columns = width == 1 ? Pattern.channel() : Pattern.head(width);
    Mask read = mask(reader, columns, present, i -> keep.get(i % in / width));
    done.put(
        reader,
        rebuilding.prune(
            reader,
            evidence,
            () -> Solution.of(read, reader.weight().toType(DataType.FLOAT64, true))));
    part.rows()
        .forEach(
            (maker, rows) -> {
              int across = maker.geometry().in();
              Mask made = mask(maker, Pattern.row(), present, i -> keep.get(i / across / rows));
              try (NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                Solution cut = Solution.of(made, maker.weight().toType(DataType.FLOAT64, true));
                rebuilding.writer().write(maker, cut);
              }
              done.put(maker, new LayerOutcome(made, Double.NaN, Double.NaN, List.of()));
            });
  }

  private static Mask mask(
      Layer layer,
      Pattern pattern,
      Function<Layer, @Nullable Mask> present,
      java.util.function.IntPredicate kept) {
    BitSet bits = new BitSet(layer.geometry().size());
    for (int i = 0; i < layer.geometry().size(); i++) {
      bits.set(i, kept.test(i));
    }
    Mask mask = Mask.of(layer.geometry(), pattern, bits);
    Mask before = present.apply(layer);
    return before == null ? mask : before.and(mask);
  }

  private static Map<Layer, LayerOutcome> ordered(
      List<Layer> layers, Map<Layer, LayerOutcome> done, Function<Layer, @Nullable Mask> present) {
    Map<Layer, LayerOutcome> all = new LinkedHashMap<>();
    for (Layer layer : layers) {
      LayerOutcome outcome = done.get(layer);
      if (outcome == null) {
        Mask mask = present.apply(layer);
        outcome =
            new LayerOutcome(
                mask == null ? Mask.all(layer.geometry()) : mask,
                Double.NaN,
                Double.NaN,
                List.of("layer %s has no whole units to prune".formatted(layer.name())));
      }
      all.put(layer, outcome);
    }
    return all;
  }
}
