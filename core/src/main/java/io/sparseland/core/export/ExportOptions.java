// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.CostTable;
import java.util.Optional;

/**
 * Settings of an export.
 *
 * @param name name of the model
 * @param recipeHash SHA-256 of the recipe in hex, or ""
 * @param seed seed of the run
 * @param form type of the weights and how their kernels are chosen
 * @param masking what to do about masked weights that are not zero
 */
public record ExportOptions(String name, String recipeHash, long seed, Form form, Masking masking) {

  /** Which designs a layer may get. */
  public enum Kernels {
    /** The cheapest of all, so a layer that would be slower sparse runs dense. */
    AUTO,
    /** The cheapest sparse one for every masked linear layer and convolution. */
    SPARSE,
    /** The cheapest dense one. */
    DENSE
  }

  /** What to do about masked weights that are not zero in the model. */
  public enum Masking {
    /** Refuse: the model that was evaluated would not be the one exported. */
    VERIFY,
    /** Set them to zero in the model first. */
    APPLY
  }

  /**
   * Form of the stored weights.
   *
   * @param type of the weights of linear layers; all else is fp32
   * @param kernels which designs may be chosen
   * @param profile costs to choose by; without one they are measured on this machine
   * @param batch tokens of the class "many", for which the batch design is chosen
   */
  public record Form(WeightType type, Kernels kernels, Optional<CostTable> profile, int batch) {

    /** What is measured as many tokens unless said otherwise. */
    public static final int USUAL_BATCH = 32;

    /** fp32, chosen by measurement. */
    public static final Form USUAL =
        new Form(WeightType.FP32, Kernels.AUTO, Optional.empty(), USUAL_BATCH);

    /** Refuses a batch below 1. */
    public Form {
      if (batch < 1) {
        throw new IllegalArgumentException("batch is " + batch + ", allowed is 1 or more");
      }
    }
  }

  /** fp32, kernels by measurement, masks verified, no recipe. */
  public static ExportOptions named(String name) {
    return new ExportOptions(name, "", 0, Form.USUAL, Masking.VERIFY);
  }

  /** The same with another form. */
  public ExportOptions withForm(Form other) {
    return new ExportOptions(name, recipeHash, seed, other, masking);
  }

  /** The same with other kernels. */
  public ExportOptions withKernels(Kernels other) {
    return withForm(new Form(form.type(), other, form.profile(), form.batch()));
  }

  /** The same with another type of weights. */
  public ExportOptions withType(WeightType other) {
    return withForm(new Form(other, form.kernels(), form.profile(), form.batch()));
  }

  /** The same with kernels chosen by a profile. */
  public ExportOptions withProfile(CostTable table) {
    return withForm(new Form(form.type(), form.kernels(), Optional.of(table), form.batch()));
  }

  /** The same with another treatment of masked weights. */
  public ExportOptions withMasking(Masking other) {
    return new ExportOptions(name, recipeHash, seed, form, other);
  }

  /** The same from a recipe. */
  public ExportOptions fromRecipe(String hash, long recipeSeed) {
    return new ExportOptions(name, hash, recipeSeed, form, masking);
  }
}
