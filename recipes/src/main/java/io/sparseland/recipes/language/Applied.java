// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

/**
 * A kind with its own settings, and the settings that all kinds of its family share; both stand in
 * one mapping of the recipe: {@code rigl: {drop: {cosine: 0.3}, sparsity: 0.9}}.
 *
 * @param kind the key, {@code rigl}
 * @param place of the key
 * @param value what the kind's own settings make
 * @param common the shared settings
 */
public record Applied<T, C>(String kind, Place place, T value, C common) {}
