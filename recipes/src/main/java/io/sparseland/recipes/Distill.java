// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import ai.djl.training.loss.Loss;
import io.sparseland.core.Layer;
import io.sparseland.core.Selector;
import io.sparseland.recipes.language.Default;
import io.sparseland.training.Distillation;
import io.sparseland.training.Views;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a training learns from another model; without labels unless {@code own} is above 0.
 *
 * @param teacher {@code dense}: the model as it was before anything was pruned; else the path of a
 *     checkpoint of the same architecture
 * @param own weight of the loss of labels
 * @param logits softened outputs of a classifier or language model
 * @param cosine weight of the angle between the outputs
 * @param hidden states inside
 */
public record Distill(
    @Default("dense") String teacher,
    @Default("0") double own,
    Optional<Softened> logits,
    @Default("0") double cosine,
    Optional<Inside> hidden) {

  /** The dense stage of the same recipe. */
  public static final String DENSE = "dense";

  /** Checks that something is learned, and each setting. */
  public Distill {
    if (own < 0 || !Double.isFinite(own)) {
      throw new IllegalArgumentException("own " + own + " must be 0 or more");
    }
    if (terms(logits, cosine, hidden).isEmpty()) {
      throw new IllegalArgumentException("needs logits, cosine or hidden: what is learned");
    }
  }

  /**
   * Softened outputs.
   *
   * @param weight how much they count
   * @param temperature that outputs are divided by
   */
  public record Softened(@Default("1") double weight, @Default("2") double temperature) {}

  /**
   * Hidden states: what goes into some layers.
   *
   * @param weight how much they count
   * @param layers globs of names
   */
  public record Inside(@Default("1") double weight, List<String> layers) {
    /** Checks that there are layers. */
    public Inside {
      layers = List.copyOf(layers);
      if (layers.isEmpty()) {
        throw new IllegalArgumentException("layers must name at least one");
      }
    }
  }

  /**
   * What student and teacher show.
   *
   * @param all layers of the model
   */
  public Views views(List<Layer> all) {
    return new Views(
        hidden
            .map(h -> new Selector(Set.of(), h.layers(), List.of()).select(all))
            .orElse(List.of())
            .stream()
            .map(Layer::name)
            .toList());
  }

  /**
   * The whole loss.
   *
   * @param labelled that of the data
   */
  public Distillation loss(Loss labelled) {
    List<Distillation.Term> terms = terms(logits, cosine, hidden);
    return own > 0 ? Distillation.beside(labelled, own, terms) : Distillation.alone(terms);
  }

  private static List<Distillation.Term> terms(
      Optional<Softened> logits, double cosine, Optional<Inside> hidden) {
    List<Distillation.Term> terms = new ArrayList<>();
    logits.ifPresent(l -> terms.add(new Distillation.Logits(l.weight(), l.temperature())));
    if (cosine != 0) {
      terms.add(new Distillation.Cosine(cosine));
    }
    hidden.ifPresent(h -> terms.add(new Distillation.Hidden(h.weight())));
    return terms;
  }
}
