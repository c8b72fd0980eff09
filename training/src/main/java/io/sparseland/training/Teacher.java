// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import io.sparseland.core.Torch;
import java.util.function.Supplier;

/** Shows a student what another model makes of the same inputs. */
public final class Teacher implements Objective {

  private final Block block;
  private final Views views;
  private final Distillation loss;
  private boolean ready;

  /**
   * A teacher.
   *
   * @param block initialised, of the student's architecture where hidden states are looked at; it
   *     runs in inference and does not change
   * @param views what both show
   */
  public Teacher(Block block, Views views, Distillation loss) {
    this.block = block;
    this.views = views;
    this.loss = loss;
  }

  @Override
  public Value evaluate(Trainer trainer, NDList inputs, NDList labels) {
    if (!ready) { // the trainer's step knows the parameters it has handed out only
      trainer.initialize(inputs.getShapes());
      ready = true;
    }
    Supplier<ParameterStore> store = () -> new ParameterStore(inputs.head().getManager(), false);
    NDList shown = new NDList(labels);
    shown.addAll(Torch.withoutGradients(() -> views.of(block, store.get(), inputs, false)));
    NDList student = views.of(trainer.getModel().getBlock(), store.get(), inputs, true);
    return new Value(loss.evaluate(shown, student), student);
  }
}
