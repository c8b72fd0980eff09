// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Outlier-weighed: blocks with more outlying scores keep more.
 *
 * <p>With o_i the share of a block's scores above {@code outlier} times their mean, its density is
 * {@code (o_i - min o) / (max o - min o) · 2 spread}, moved so that the whole keeps exactly what it
 * should; all layers of a block have the same. If all blocks have the same outliers it is uniform.
 * The authors use the scores of Wanda. A block is what the layers' names have up to their first
 * number; a name without one is a block of its own.
 *
 * @param spread largest deviation from the mean density
 * @param outlier how many times the mean makes an outlier
 * @see <a href="https://arxiv.org/abs/2310.05175">Yin et al. 2024, "Outlier weighed layerwise
 *     sparsity", section 3.3</a>
 */
public record Owl(double spread, double outlier) implements Allocation {

  private static final double DENSEST = 0.99; // a block always loses something

  /** Checks the settings. */
  public Owl {
    Check.that(spread > 0 && spread <= 0.5, "spread is %s, allowed: above 0, at most 0.5", spread);
    Check.that(outlier > 0, "outlier is %s, allowed: above 0", outlier);
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity) {
    throw new IllegalArgumentException("allocation owl needs scores");
  }

  @Override
  public boolean needsScores() {
    return true;
  }

  @Override
  public long[] kept(List<LayerShape> layers, double sparsity, List<float[]> scores) {
    Check.fraction("sparsity", sparsity);
    Map<String, List<Integer>> blocks = new LinkedHashMap<>();
    for (int l = 0; l < layers.size(); l++) {
      blocks.computeIfAbsent(block(layers.get(l).name()), b -> new ArrayList<>()).add(l);
    }
    double[] outliers = new double[layers.size()];
    double least = Double.POSITIVE_INFINITY;
    double most = 0;
    for (List<Integer> members : blocks.values()) {
      double share = outliers(members, scores);
      members.forEach(l -> outliers[l] = share);
      least = Math.min(least, share);
      most = Math.max(most, share);
    }
    double[] densities = new double[layers.size()];
    double weighted = 0;
    long total = Allocation.total(layers);
    for (int l = 0; l < densities.length; l++) {
      densities[l] = most == least ? 0 : (outliers[l] - least) / (most - least) * 2 * spread;
      weighted += densities[l] * layers.get(l).size() / total;
    }
    double[] shares = new double[densities.length];
    long[] caps = new long[densities.length];
    for (int l = 0; l < shares.length; l++) {
      caps[l] = layers.get(l).size();
      double density = densities[l] - weighted + 1 - sparsity;
      double most99 = sparsity == 0 ? 1 : DENSEST;
      shares[l] = Math.max(0, Math.min(most99, density)) * caps[l];
    }
    return Counts.largestRemainder(shares, total - Counts.pruned(sparsity, total), caps);
  }

  private double outliers(List<Integer> members, List<float[]> scores) {
    double sum = 0;
    long count = 0;
    for (int l : members) {
      for (float score : scores.get(l)) {
        sum += Math.max(0, score); // minus infinity: already pruned
        count++;
      }
    }
    double limit = outlier * sum / count;
    long above = 0;
    for (int l : members) {
      for (float score : scores.get(l)) {
        above += score > limit ? 1 : 0;
      }
    }
    return (double) above / count;
  }

  /** The part of a name up to its first number. */
  static String block(String name) {
    String[] parts = name.split("\\.", -1);
    for (int i = 0; i < parts.length; i++) {
      if (!parts[i].isEmpty() && parts[i].chars().allMatch(Character::isDigit)) {
        return String.join(".", List.of(parts).subList(0, i + 1));
      }
    }
    return name;
  }
}
