// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;

/** Tells a {@link SparseSession} where training stands. */
final class SparsityListener extends TrainingListenerAdapter {

  private final SparseSession session;

  SparsityListener(SparseSession session) {
    this.session = session;
  }

  @Override
  public void onTrainingBegin(Trainer trainer) {
    session.begin(trainer);
  }

  @Override
  public void onTrainingBatch(Trainer trainer, BatchData batchData) {
    session.backwardDone(trainer, batchData);
  }

  @Override
  public void onTrainingEnd(Trainer trainer) {
    session.end();
  }
}
