// SPDX-License-Identifier: Apache-2.0
/** The recipe language: strict YAML, places of mistakes, units, and binding onto records. */
@NullMarked
package io.sparseland.recipes.language;

import org.jspecify.annotations.NullMarked;
