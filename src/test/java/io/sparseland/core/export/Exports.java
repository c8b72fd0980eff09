// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerType;
import io.sparseland.core.Layers;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.Pattern;
import io.sparseland.core.Torch;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.runtime.SparseModel;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Blocks with seeded weights and masks, and what DJL makes of an input. */
public final class Exports {

  private Exports() {}

  /** An initialised block; batch norms have statistics other than 0 and 1. */
  public static Block initialised(Block block, NDManager manager, long seed, Shape... inputs) {
    block.initialize(manager, DataType.FLOAT32, inputs);
    Random random = new Random(seed);
    for (Parameter parameter : block.getParameters().values()) {
      FloatBuffer values = live(parameter);
      long fan = parameter.getShape().size() / parameter.getShape().get(0);
      for (int i = 0; i < values.limit(); i++) {
        values.put(
            i,
            switch (parameter.getType()) {
              case RUNNING_VAR, GAMMA -> 0.5f + random.nextFloat();
              case WEIGHT -> (float) (random.nextGaussian() * Math.sqrt(2.0 / fan));
              default -> (float) (0.1 * random.nextGaussian());
            });
      }
    }
    return block;
  }

  /** Prunes that share of each linear layer and convolution at random, in the block too. */
  public static Masks prune(List<Layer> layers, double sparsity, long seed) {
    Random random = new Random(seed);
    Map<String, Mask> masks = new LinkedHashMap<>();
    for (Layer layer : layers) {
      if (!Set.of(LayerType.LINEAR, LayerType.CONVOLUTION).contains(layer.type())) {
        continue;
      }
      BitSet keep = new BitSet();
      FloatBuffer values = live(layer.parameter());
      for (int i = 0; i < layer.geometry().size(); i++) {
        if (random.nextDouble() < sparsity) {
          values.put(i, 0);
        } else {
          keep.set(i);
        }
      }
      masks.put(layer.name(), Mask.of(layer.geometry(), Pattern.unstructured(), keep));
    }
    return new Masks(masks);
  }

  /** {@link #prune(List, double, long)} of a traced block. */
  public static Masks prune(Block block, double sparsity, long seed, Shape input) {
    return prune(Layers.of(block, input), sparsity, seed);
  }

  /** The live values of a parameter. */
  static FloatBuffer live(Parameter parameter) {
    return parameter.getArray().toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  /** Standard normal numbers. */
  public static NDArray normal(NDManager manager, long seed, long... shape) {
    Random random = new Random(seed);
    float[] values = new float[Math.toIntExact(new Shape(shape).size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return manager.create(values, new Shape(shape));
  }

  /** Outputs of the block at inference. */
  public static NDList predict(Block block, NDArray... inputs) {
    return Torch.withoutGradients(
        () ->
            block.forward(
                new ParameterStore(inputs[0].getManager(), false), new NDList(inputs), false));
  }

  /** The first output of an exported model. */
  static float[] run(SparseModel model, NDArray input) {
    int[] shape = Arrays.stream(input.getShape().getShape()).mapToInt(Math::toIntExact).toArray();
    return model.run(List.of(Tensor.of(input.toFloatArray(), shape))).get(0).toArray();
  }
}
