// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.graph.ValueType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A plan with memory of its own: runs the graph for one binding of the symbols, one call at a time.
 */
final class Execution {

  private final Plan plan;
  private final Tensor[] values;
  private final @Nullable Profile profile;

  Execution(Plan plan, @Nullable Profile profile) {
    this.plan = plan;
    this.profile = profile;
    this.values = new Tensor[plan.values()];
    if (plan.bytes() > 0) {
      int floats = Math.toIntExact(plan.bytes() / ElementType.FLOAT32.bytes());
      ByteBuffer arena = Tensor.allocate(ElementType.FLOAT32, floats).bytes();
      for (Plan.Placed buffer : plan.buffers()) {
        ValueType type = buffer.type();
        int[] shape = type.at(Map.of());
        ByteBuffer memory = arena.slice(buffer.offset(), arena.capacity() - buffer.offset());
        values[buffer.value()] =
            Tensor.wrap(memory.order(ByteOrder.nativeOrder()), buffer.layout(), type.type(), shape);
      }
    }
  }

  /** What the execution is for. */
  Plan plan() {
    return plan;
  }

  /** Runs all steps on the inputs and copies the results out. */
  void run(List<Tensor> inputs, List<Tensor> outputs) {
    for (int i = 0; i < inputs.size(); i++) {
      values[i] = inputs.get(i);
    }
    try {
      if (profile == null) {
        for (Steps.Step step : plan.steps()) {
          step.run(values);
        }
      } else {
        profile.run(plan, values);
      }
      for (int i = 0; i < outputs.size(); i++) {
        outputs.get(i).bytes().put(values[plan.outputs()[i]].bytes());
      }
    } finally {
      plan.forget(values);
    }
  }
}
