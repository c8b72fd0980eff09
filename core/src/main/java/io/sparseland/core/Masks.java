// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The masks of a model: what is stored, resumed and exported.
 *
 * @param byLayer layer name to mask, in forward order; empty for a dense model
 */
public record Masks(Map<String, Mask> byLayer) {

  /** Copies the map. */
  public Masks {
    byLayer = Collections.unmodifiableMap(new LinkedHashMap<>(byLayer));
  }

  /** The masks that a {@link Pruner} gives. */
  public static Masks of(Map<Layer, Mask> masks) {
    Map<String, Mask> named = new LinkedHashMap<>();
    masks.forEach((layer, mask) -> named.put(layer.name(), mask));
    return new Masks(named);
  }

  /**
   * Reads masks from a file.
   *
   * @throws io.sparseland.kernels.format.FormatException if it is not a sound file of masks
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static Masks load(Path file) {
    return MaskFile.read(file);
  }

  /**
   * Writes a safetensors file, whole or not at all: for each layer its bits; geometry and pattern
   * as JSON in the metadata.
   *
   * @throws java.io.UncheckedIOException if it cannot be written
   */
  public void save(Path file) {
    MaskFile.write(file, this);
  }

  /** Number of weights under masks. */
  public long size() {
    return byLayer.values().stream().mapToLong(Mask::size).sum();
  }

  /** Number of weights kept. */
  public long kept() {
    return byLayer.values().stream().mapToLong(Mask::kept).sum();
  }

  /** Share of the weights under masks that is pruned, 0 to 1; 0 without masks. */
  public double sparsity() {
    return size() == 0 ? 0 : (double) (size() - kept()) / size();
  }

  /**
   * Sets the pruned weights of layers to exactly 0; the others keep their bits.
   *
   * @param layers among them every layer named here, found by any of its names
   * @throws IllegalArgumentException if a mask has no layer, or one of another shape; then nothing
   *     has changed
   */
  public void apply(List<Layer> layers) {
    Map<String, Layer> named = new LinkedHashMap<>();
    for (Layer layer : layers) {
      layer.aliases().forEach(alias -> named.put(alias, layer));
      named.put(layer.name(), layer);
    }
    Map<Layer, Mask> found = new LinkedHashMap<>();
    byLayer.forEach(
        (name, mask) -> {
          Layer layer = named.get(name);
          if (layer == null) {
            throw new IllegalArgumentException(
                "no layer is called '" + name + "'" + NearNames.hint(name, named.keySet()));
          }
          Check.that(
              layer.geometry().equals(mask.geometry()),
              "layer %s has %s, its mask %s",
              name,
              layer.geometry(),
              mask.geometry());
          found.put(layer, mask);
        });
    found.forEach(Masks::apply);
  }

  private static void apply(Layer layer, Mask mask) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      NDArray weight = layer.weight();
      Check.that(
          weight.getDataType() == DataType.FLOAT32 && !weight.getDevice().isGpu(),
          "layer %s is %s on %s, allowed: float32 on the CPU",
          layer.name(),
          weight.getDataType(),
          weight.getDevice());
      FloatBuffer live = weight.toByteBuffer(true).asFloatBuffer(); // the storage itself
      for (int i = 0; i < mask.size(); i++) {
        if (!mask.get(i)) {
          live.put(i, 0); // a product would make -0.0, and NaN of NaN
        }
      }
    }
  }

  /** SHA-256 over names and masks, in hex. */
  public String hash() {
    MessageDigest digest = Mask.sha256();
    byLayer.forEach(
        (name, mask) ->
            digest.update((name + ' ' + mask.hash() + '\n').getBytes(StandardCharsets.UTF_8)));
    return HexFormat.of().formatHex(digest.digest());
  }
}
