// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.LayerType;
import io.sparseland.recipes.language.Default;
import java.util.List;

/**
 * Which layers; takes the place of the default exclusions.
 *
 * @param types types of layers
 * @param names globs of names, {@code first} and {@code last}; empty means all
 * @param except the same, taken away
 */
public record On(
    @Default("[linear, convolution]") List<LayerType> types,
    @Default("[]") List<String> names,
    @Default("[]") List<String> except) {}
