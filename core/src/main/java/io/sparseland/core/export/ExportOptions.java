// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

/**
 * Settings of an export.
 *
 * @param name name of the model
 * @param recipeHash SHA-256 of the recipe in hex, or ""
 * @param seed seed of the run
 * @param kernels which kernels run masked layers
 * @param masking what to do about masked weights that are not zero
 */
public record ExportOptions(
    String name, String recipeHash, long seed, Kernels kernels, Masking masking) {

  /** How the kernel of a masked layer is chosen. */
  public enum Kernels {
    /** Sparse from a fixed break-even sparsity on; by measurement in a later version. */
    AUTO,
    /** Sparse for every masked linear layer and convolution. */
    SPARSE,
    /** Dense for all. */
    DENSE
  }

  /** What to do about masked weights that are not zero in the model. */
  public enum Masking {
    /** Refuse: the model that was evaluated would not be the one exported. */
    VERIFY,
    /** Set them to zero in the model first. */
    APPLY
  }

  /** Automatic kernels, masks verified, no recipe. */
  public static ExportOptions named(String name) {
    return new ExportOptions(name, "", 0, Kernels.AUTO, Masking.VERIFY);
  }

  /** The same with other kernels. */
  public ExportOptions withKernels(Kernels other) {
    return new ExportOptions(name, recipeHash, seed, other, masking);
  }

  /** The same with another treatment of masked weights. */
  public ExportOptions withMasking(Masking other) {
    return new ExportOptions(name, recipeHash, seed, kernels, other);
  }

  /** The same from a recipe. */
  public ExportOptions fromRecipe(String hash, long recipeSeed) {
    return new ExportOptions(name, hash, recipeSeed, kernels, masking);
  }
}
