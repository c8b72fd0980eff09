// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.models.Decoder;
import io.sparseland.models.Rotary;
import java.util.Map;
import java.util.Objects;

/** A {@link Decoder} written down plainly in fp64, one token after the other. */
final class DecoderTwin {

  private final Decoder sizes;
  private final Map<String, float[]> weights; // by parameter, rows are outputs

  DecoderTwin(Decoder sizes, Map<String, float[]> weights) {
    this.sizes = sizes;
    this.weights = weights;
  }

  /** [time, vocabulary]. */
  double[][] logits(int... ids) {
    double[][] x = new double[ids.length][];
    for (int t = 0; t < ids.length; t++) {
      x[t] = new double[sizes.width()];
      for (int c = 0; c < sizes.width(); c++) {
        x[t][c] = weight("embedding")[ids[t] * sizes.width() + c];
      }
    }
    for (int l = 0; l < sizes.layers(); l++) {
      layer("layer." + l + ".", x);
    }
    String head = sizes.tied() ? "embedding" : "head";
    double[][] out = new double[ids.length][];
    for (int t = 0; t < ids.length; t++) {
      out[t] = product(head, norm("norm", x[t]));
    }
    return out;
  }

  private void layer(String path, double[][] x) {
    int heads = sizes.attention().heads();
    int shared = heads / sizes.attention().keyValueHeads();
    int part = sizes.attention().rotary().width();
    double[][] keys = new double[x.length][];
    double[][] values = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] in = norm(path + "attentionNorm", x[t]);
      double[] query = turned(product(path + "query", in), t);
      keys[t] = turned(product(path + "key", in), t);
      values[t] = product(path + "value", in);
      double[] mixed = new double[heads * part];
      for (int h = 0; h < heads; h++) {
        double[] shares = new double[t + 1];
        double sum = 0;
        for (int s = 0; s <= t; s++) {
          double score = 0;
          for (int i = 0; i < part; i++) {
            score += query[h * part + i] * keys[s][h / shared * part + i];
          }
          shares[s] = Math.exp(score / Math.sqrt(part));
          sum += shares[s];
        }
        for (int s = 0; s <= t; s++) {
          for (int i = 0; i < part; i++) {
            mixed[h * part + i] += shares[s] / sum * values[s][h / shared * part + i];
          }
        }
      }
      add(x[t], product(path + "output", mixed));
      double[] normed = norm(path + "norm", x[t]);
      double[] gate = product(path + "gate", normed);
      double[] up = product(path + "up", normed);
      for (int i = 0; i < gate.length; i++) {
        up[i] *= gate[i] / (1 + Math.exp(-gate[i]));
      }
      add(x[t], product(path + "down", up));
    }
  }

  private double[] turned(double[] x, int position) {
    Rotary rotary = sizes.attention().rotary();
    int part = rotary.width();
    double[] out = new double[x.length];
    for (int h = 0; h < x.length; h += part) {
      for (int i = 0; i < part / 2; i++) {
        boolean halves = rotary.pairs() == Rotary.Pairs.HALVES;
        int a = h + (halves ? i : 2 * i);
        int b = h + (halves ? i + part / 2 : 2 * i + 1);
        double angle = position / Math.pow(rotary.base(), 2.0 * i / part);
        out[a] = x[a] * Math.cos(angle) - x[b] * Math.sin(angle);
        out[b] = x[b] * Math.cos(angle) + x[a] * Math.sin(angle);
      }
    }
    return out;
  }

  private double[] norm(String name, double[] x) {
    double sum = 0;
    for (double v : x) {
      sum += v * v;
    }
    double scale = 1 / Math.sqrt(sum / x.length + sizes.epsilon());
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] * scale * weight(name)[i];
    }
    return out;
  }

  private double[] product(String name, double[] x) {
    float[] w = weight(name);
    double[] out = new double[w.length / x.length];
    for (int o = 0; o < out.length; o++) {
      for (int i = 0; i < x.length; i++) {
        out[o] += w[o * x.length + i] * x[i];
      }
    }
    return out;
  }

  private static void add(double[] x, double[] more) {
    for (int i = 0; i < x.length; i++) {
      x[i] += more[i];
    }
  }

  private float[] weight(String name) {
    return Objects.requireNonNull(weights.get(name + ".weight"), name);
  }
}
