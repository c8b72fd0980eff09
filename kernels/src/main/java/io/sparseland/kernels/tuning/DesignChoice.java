// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.tuning;

import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.format.KernelChoice;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The designs of a matrix for few tokens and for many, with the costs that decided.
 *
 * <p>Few means 1 token, many a given number and {@value #BEYOND} times as many, a token of either
 * counting as much; for each the cheapest allowed design is taken, among equals the first by name.
 * A sparse one counts as 1.1 times its cost and the {@link Costs#doubt}: a layer must not become
 * slower than dense for an error of measurement. Between the two, the batch design runs from the
 * smallest of 2, 4, 8, 16, ... tokens on at which it and all larger ones are at most as dear as the
 * decode design.
 *
 * @param choice what is stored
 * @param costs by number of tokens (of a convolution: output pixels), then by design
 * @param unit of the costs
 */
public record DesignChoice(
    KernelChoice choice, Map<Integer, SortedMap<String, Double>> costs, String unit) {

  private static final double MARGIN = 1.1;
  private static final int BEYOND = 4; // designs for few tokens may still win at the smaller number

  /** Copies the costs. */
  public DesignChoice {
    costs = Collections.unmodifiableMap(new LinkedHashMap<>(costs));
  }

  /**
   * Chooses.
   *
   * @param pattern text of the mask's pattern, {@code dense} without mask
   * @param batch how many tokens are many, 1 or more
   * @param allowed designs that may be taken; if none of them takes the matrix, all are
   */
  public static DesignChoice of(
      Matrix w, String pattern, Costs source, int batch, Predicate<String> allowed) {
    Map<Integer, SortedMap<String, Double>> costs = new TreeMap<>();
    SortedMap<String, Double> one = source.of(w, pattern, 1);
    SortedMap<String, Double> some = source.of(w, pattern, batch);
    SortedMap<String, Double> more = source.of(w, pattern, BEYOND * batch);
    costs.put(1, one);
    costs.put(batch, some);
    costs.put(BEYOND * batch, more);
    double doubt = source.doubt();
    String decode = cheapest(one, doubt, allowed);
    String many = cheapest(together(some, more), doubt + doubt / BEYOND, allowed);
    int from = 1;
    if (!decode.equals(many)) {
      from = batch;
      for (int tokens = Integer.highestOneBit(Math.max(1, batch - 1)); tokens > 1; tokens /= 2) {
        SortedMap<String, Double> between = source.of(w, pattern, tokens);
        costs.put(tokens, between);
        if (charged(between, many, doubt) > charged(between, decode, doubt)) {
          break;
        }
        from = tokens;
      }
    }
    KernelChoice choice = new KernelChoice(decode, many, from, reason(source, decode, many, from));
    return new DesignChoice(choice, costs, source.unit());
  }

  /**
   * Chooses for a convolution: one design for all images.
   *
   * @param w with its window
   * @param pixels of an output image
   */
  public static DesignChoice ofConvolution(
      Matrix w, String pattern, Costs source, int pixels, Predicate<String> allowed) {
    SortedMap<String, Double> costs = source.of(w, pattern, pixels);
    String design = cheapest(costs, source.doubt(), allowed);
    KernelChoice choice = KernelChoice.always(design, reason(source, design, design, 1));
    return new DesignChoice(choice, Map.of(pixels, costs), source.unit());
  }

  private static String reason(Costs source, String decode, String many, int from) {
    boolean dense = KernelChoice.DENSE.contains(decode);
    if (dense && KernelChoice.DENSE.contains(many)) {
      return source.source() + ": no sparse design is faster";
    }
    return source.source()
        + ": "
        + (from == 1 ? many + " is fastest" : decode + " below " + from + " tokens, then " + many);
  }

  private static SortedMap<String, Double> together(
      SortedMap<String, Double> many, SortedMap<String, Double> more) {
    SortedMap<String, Double> sum = new TreeMap<>();
    many.forEach((design, cost) -> sum.put(design, cost + cost(more, design) / BEYOND));
    return sum;
  }

  private static double cost(SortedMap<String, Double> costs, String design) {
    return Optional.ofNullable(costs.get(design)).orElse(Double.POSITIVE_INFINITY);
  }

  private static double charged(SortedMap<String, Double> costs, String design, double doubt) {
    double cost = cost(costs, design);
    return KernelChoice.DENSE.contains(design) ? cost : MARGIN * cost + doubt;
  }

  private static String cheapest(
      SortedMap<String, Double> costs, double doubt, Predicate<String> allowed) {
    boolean any = costs.keySet().stream().anyMatch(allowed);
    String best = "";
    double least = Double.POSITIVE_INFINITY;
    for (String design : costs.keySet()) {
      if (any && !allowed.test(design)) {
        continue;
      }
      boolean dense = KernelChoice.DENSE.contains(design);
      double cost = charged(costs, design, doubt);
      if (cost < least || (cost == least && dense && !KernelChoice.DENSE.contains(best))) {
        best = design;
        least = cost;
      }
    }
    return best.isEmpty() ? Kernels.SPARSE : best;
  }

  /** The cost of the fastest dense design over that of the chosen one, by number of tokens. */
  public Map<Integer, Double> ratios() {
    Map<Integer, Double> ratios = new LinkedHashMap<>();
    costs.forEach(
        (tokens, byDesign) -> {
          String own = tokens < choice.batchFrom() ? choice.decode() : choice.batch();
          byDesign.entrySet().stream()
              .filter(design -> KernelChoice.DENSE.contains(design.getKey()))
              .mapToDouble(Map.Entry::getValue)
              .min()
              .ifPresent(dense -> ratios.put(tokens, dense / cost(byDesign, own)));
        });
    return ratios;
  }

  /** For people: {@code 1 token 2.31x dense, 32 tokens 1.00x dense}. */
  public String told() {
    StringBuilder text = new StringBuilder();
    ratios()
        .forEach(
            (tokens, ratio) ->
                text.append(text.isEmpty() ? "" : ", ")
                    .append(
                        String.format(
                            Locale.ROOT,
                            "%d token%s %.2fx dense",
                            tokens,
                            tokens == 1 ? "" : "s",
                            ratio)));
    return text.toString();
  }
}
