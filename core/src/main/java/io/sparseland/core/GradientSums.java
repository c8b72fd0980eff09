// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Statistics that need gradients of a loss, in fp64; see {@link Statistic} for what they are. */
final class GradientSums {

  private final Block block;
  private final List<Layer> layers;
  private final Set<Statistic> needs;
  private final Calibrator.Gradients how;
  private final Backward backward;
  private final Map<Statistic, Map<Layer, double[]>> means = new EnumMap<>(Statistic.class);
  private final Map<Layer, FisherSums> fisher = new HashMap<>();
  private final Map<Layer, GradientRows> rows = new HashMap<>();
  private long batches;

  GradientSums(Block block, List<Layer> layers, Set<Statistic> needs, Calibrator.Gradients how) {
    this.block = block;
    this.layers = layers;
    this.needs = needs;
    this.how = how;
    this.backward = new Backward(block);
  }

  /** Goes through the data, as often as it takes. */
  void measure(List<Calibrator.Labelled> data) {
    batches = data.size();
    if (needs.contains(Statistic.FISHER)) {
      NDManager manager = data.get(0).data().head().getManager();
      layers.forEach(
          l -> fisher.put(l, new FisherSums(l.geometry().size(), how.fisherBlock(), manager)));
    }
    if (needs.contains(Statistic.GRADIENTS)) {
      layers.forEach(l -> rows.put(l, new GradientRows(l)));
    }
    if (needs.contains(Statistic.GRADIENT) || !fisher.isEmpty() || !rows.isEmpty()) {
      means.put(Statistic.GRADIENT, mean(data, 1));
    }
    if (needs.contains(Statistic.HESSIAN_GRADIENT)) {
      means.put(Statistic.HESSIAN_GRADIENT, hessianTimesGradient(data));
    }
    if (needs.contains(Statistic.SYNAPTIC_FLOW)) {
      means.put(Statistic.SYNAPTIC_FLOW, flow(data.get(0).data()));
    }
  }

  private Map<Layer, double[]> mean(List<Calibrator.Labelled> data, double temperature) {
    Map<Layer, double[]> sums = new LinkedHashMap<>();
    for (Calibrator.Labelled batch : data) {
      backward.run(
          batch.data(),
          outputs -> loss(batch.labels(), outputs, temperature),
          layers,
          (layer, gradient) -> {
            float[] values = gradient.toType(DataType.FLOAT32, false).toFloatArray();
            double[] sum = sums.computeIfAbsent(layer, l -> new double[values.length]);
            for (int i = 0; i < values.length; i++) {
              sum[i] += values[i] / (double) data.size();
            }
            if (temperature == 1) {
              gather(layer, values);
            }
          });
    }
    return sums;
  }

  /** Takes one gradient where single ones are wanted, that of pruned weights as 0. */
  private void gather(Layer layer, float[] values) {
    Mask present = how.present().apply(layer);
    if (present != null) {
      present.fillPruned(values, 0);
    }
    FisherSums sums = fisher.get(layer);
    if (sums != null) {
      sums.add(values);
    }
    GradientRows own = rows.get(layer);
    if (own != null) {
      own.add(values);
    }
  }

  private NDArray loss(NDList labels, NDList outputs, double temperature) {
    if (temperature == 1) {
      return how.loss().evaluate(labels, outputs);
    }
    NDList cooled = new NDList(outputs);
    cooled.set(0, Torch.times(outputs.get(0), 1 / temperature));
    return how.loss().evaluate(labels, cooled);
  }

  /** {@code (g(w + d u) - g(w - d u)) |g| / 2d} with u = g / |g|. */
  private Map<Layer, double[]> hessianTimesGradient(List<Calibrator.Labelled> data) {
    Map<Layer, double[]> gradient = mean(data, how.temperature());
    double squares = 0;
    double weights = 0;
    for (Layer layer : layers) {
      for (double value : of(gradient, layer)) {
        squares += value * value;
      }
      for (float value : Scores.weights(layer)) {
        weights += (double) value * value;
      }
    }
    double norm = Math.sqrt(squares);
    Check.that(norm > 0, "the gradient is zero everywhere, so there is no Hessian product");
    double step = 1e-3 * (1 + Math.sqrt(weights));
    Map<Layer, double[]> above = at(gradient, step / norm, data);
    Map<Layer, double[]> below = at(gradient, -step / norm, data);
    Map<Layer, double[]> product = new LinkedHashMap<>();
    for (Layer layer : layers) {
      double[] high = of(above, layer);
      double[] low = of(below, layer);
      double[] result = new double[high.length];
      for (int i = 0; i < result.length; i++) {
        result[i] = (high[i] - low[i]) * norm / (2 * step);
      }
      product.put(layer, result);
    }
    return product;
  }

  /** Mean gradient with the weights moved along a direction. */
  private Map<Layer, double[]> at(
      Map<Layer, double[]> direction, double step, List<Calibrator.Labelled> data) {
    Map<NDArray, float[]> moved = new LinkedHashMap<>();
    for (Layer layer : layers) {
      float[] weights = Scores.weights(layer);
      double[] along = of(direction, layer);
      for (int i = 0; i < weights.length; i++) {
        weights[i] = (float) (weights[i] + step * along[i]);
      }
      moved.put(layer.parameter().getArray(), weights);
    }
    return Backward.with(moved, () -> mean(data, how.temperature()));
  }

  /** {@code |w dR/dw|}, R the sum of outputs of the block of absolute values on ones. */
  private Map<Layer, double[]> flow(NDList like) {
    Map<NDArray, float[]> absolute = new LinkedHashMap<>();
    for (Parameter parameter : block.getParameters().values()) {
      float[] values = parameter.getArray().toFloatArray();
      for (int i = 0; i < values.length; i++) {
        values[i] = Math.abs(values[i]);
      }
      absolute.put(parameter.getArray(), values);
    }
    NDList ones = new NDList();
    for (NDArray array : like) {
      long[] shape = array.getShape().getShape().clone();
      shape[0] = 1;
      ones.add(array.getManager().ones(new Shape(shape), array.getDataType()));
    }
    Map<Layer, double[]> flow = new LinkedHashMap<>();
    Backward.with(
        absolute,
        () -> {
          backward.run(
              ones,
              outputs -> outputs.head().sum(),
              layers,
              (layer, gradient) -> {
                float[] slopes = gradient.toFloatArray();
                float[] weights = Scores.weights(layer);
                double[] scores = new double[slopes.length];
                for (int i = 0; i < scores.length; i++) {
                  scores[i] = Math.abs((double) slopes[i] * weights[i]);
                }
                flow.put(layer, scores);
              });
          return flow;
        });
    ones.close();
    return flow;
  }

  private static double[] of(Map<Layer, double[]> values, Layer layer) {
    double[] found = values.get(layer);
    if (found == null) {
      throw new IllegalStateException("no gradient of " + layer);
    }
    return found;
  }

  /** What was measured of a layer. */
  Evidence evidence(Layer layer) {
    Geometry g = layer.geometry();
    Map<Statistic, Measured.Values> values = new LinkedHashMap<>();
    means.forEach(
        (statistic, found) -> {
          double[] own = of(found, layer);
          Measured.checkFinite(statistic, layer, own);
          values.put(statistic, new Measured.Values(own, new Shape(g.out(), g.in()), batches));
        });
    Evidence measured = new Measured(layer, values);
    FisherSums own = fisher.get(layer);
    Evidence known = own == null ? measured : measured.orElse(new FisherEvidence(own));
    GradientRows single = rows.get(layer);
    return single == null ? known : known.orElse(single);
  }

  /** Evidence of nothing but the Fisher blocks. */
  private record FisherEvidence(FisherSums sums) implements Evidence {
    @Override
    public NDArray get(Statistic statistic) {
      if (statistic != Statistic.FISHER) {
        throw Evidence.missing(statistic, available());
      }
      return sums.mean();
    }

    @Override
    public Set<Statistic> available() {
      return Set.of(Statistic.FISHER);
    }

    @Override
    public long samples(Statistic statistic) {
      return statistic == Statistic.FISHER ? sums.count() : 0;
    }
  }
}
