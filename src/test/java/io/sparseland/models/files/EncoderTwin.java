// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.models.Bert;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.apache.commons.math3.special.Erf;

/** A {@link Bert} written down plainly in fp64. */
final class EncoderTwin {

  private final Bert sizes;
  private final Map<String, float[]> weights; // by parameter, rows are outputs

  EncoderTwin(Bert sizes, Map<String, float[]> weights) {
    this.sizes = sizes;
    this.weights = weights;
  }

  /** Features of every token, [time, width]. */
  double[][] tokens(int... ids) {
    double[][] x = new double[ids.length][sizes.width()];
    for (int t = 0; t < ids.length; t++) {
      for (int c = 0; c < sizes.width(); c++) {
        x[t][c] =
            (double) weight("embedding.weight")[ids[t] * sizes.width() + c]
                + weight("position.weight")[t * sizes.width() + c]
                + weight("type.weight")[c];
      }
      x[t] = norm("embeddingNorm", x[t]);
    }
    for (int l = 0; l < sizes.layers(); l++) {
      x = layer("layer." + l + ".", x);
    }
    return x;
  }

  double[] mean(int... ids) {
    double[][] tokens = tokens(ids);
    double[] mean = new double[sizes.width()];
    for (double[] token : tokens) {
      for (int c = 0; c < mean.length; c++) {
        mean[c] += token[c] / tokens.length;
      }
    }
    return mean;
  }

  /** Masked-LM logits of one token's features. */
  double[] vocabulary(double[] token) {
    double[] hidden = norm("transformNorm", gelu(product("transform", token)));
    double[] scores = new double[sizes.vocabulary()];
    for (int v = 0; v < scores.length; v++) {
      scores[v] = weight("vocabularyBias")[v];
      for (int c = 0; c < hidden.length; c++) {
        scores[v] += hidden[c] * weight("embedding.weight")[v * hidden.length + c];
      }
    }
    return scores;
  }

  private double[][] layer(String path, double[][] x) {
    int part = sizes.width() / sizes.heads();
    double[][] q = each(path + "query", x);
    double[][] k = each(path + "key", x);
    double[][] v = each(path + "value", x);
    double[][] out = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] mixed = new double[sizes.width()];
      for (int h = 0; h < sizes.heads(); h++) {
        double[] shares = new double[x.length];
        for (int s = 0; s < x.length; s++) {
          for (int i = h * part; i < (h + 1) * part; i++) {
            shares[s] += q[t][i] * k[s][i];
          }
          shares[s] = Math.exp(shares[s] / Math.sqrt(part));
        }
        double sum = Arrays.stream(shares).sum();
        for (int s = 0; s < x.length; s++) {
          for (int i = h * part; i < (h + 1) * part; i++) {
            mixed[i] += shares[s] / sum * v[s][i];
          }
        }
      }
      double[] middle = norm(path + "attentionNorm", sum(x[t], product(path + "output", mixed)));
      double[] wide = gelu(product(path + "hidden", middle));
      out[t] = norm(path + "norm", sum(middle, product(path + "back", wide)));
    }
    return out;
  }

  private double[][] each(String name, double[][] x) {
    return Arrays.stream(x).map(row -> product(name, row)).toArray(double[][]::new);
  }

  private static double[] gelu(double[] x) {
    return Arrays.stream(x).map(v -> v * (1 + Erf.erf(v / Math.sqrt(2))) / 2).toArray();
  }

  private static double[] sum(double[] a, double[] b) {
    double[] out = a.clone();
    for (int i = 0; i < a.length; i++) {
      out[i] += b[i];
    }
    return out;
  }

  private double[] norm(String name, double[] x) {
    double mean = Arrays.stream(x).average().orElseThrow();
    double variance = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] =
          (x[i] - mean) / Math.sqrt(variance + 1e-12) * weight(name + ".gamma")[i]
              + weight(name + ".beta")[i];
    }
    return out;
  }

  private double[] product(String name, double[] x) {
    float[] w = weight(name + ".weight");
    double[] out = new double[w.length / x.length];
    for (int o = 0; o < out.length; o++) {
      out[o] = weight(name + ".bias")[o];
      for (int i = 0; i < x.length; i++) {
        out[o] += w[o * x.length + i] * x[i];
      }
    }
    return out;
  }

  private float[] weight(String name) {
    return Objects.requireNonNull(weights.get(name), name);
  }
}
