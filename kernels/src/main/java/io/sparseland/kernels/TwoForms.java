// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import org.jspecify.annotations.Nullable;

/** One matrix packed twice: for few tokens and for many. */
final class TwoForms implements PackedWeights {

  private final PackedWeights decode;
  private final PackedWeights batch;
  private final int batchFrom;

  TwoForms(PackedWeights decode, PackedWeights batch, int batchFrom) {
    this.decode = decode;
    this.batch = batch;
    this.batchFrom = batchFrom;
  }

  /** What multiplies this many tokens: the weights themselves, or the form of two that fits. */
  static PackedWeights of(PackedWeights w, int tokens) {
    return w instanceof TwoForms forms
        ? (tokens < forms.batchFrom ? forms.decode : forms.batch)
        : w;
  }

  @Override
  public int outputs() {
    return batch.outputs();
  }

  @Override
  public int inputs() {
    return batch.inputs();
  }

  @Override
  public @Nullable ConvShape window() {
    return batch.window();
  }

  @Override
  public WeightType type() {
    return batch.type();
  }

  @Override
  public String design(int tokens) {
    return of(this, tokens).design(tokens);
  }

  @Override
  public long bytes() {
    return decode.bytes() + batch.bytes();
  }

  @Override
  public void close() {
    decode.close();
    batch.close();
  }
}
