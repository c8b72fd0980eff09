// SPDX-License-Identifier: Apache-2.0
/** Runs recipes: training, pruning, export, bench, and the proof of what was reached. */
@NullMarked
package io.sparseland.recipes.run;

import org.jspecify.annotations.NullMarked;
