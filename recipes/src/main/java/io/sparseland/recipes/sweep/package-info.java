// SPDX-License-Identifier: Apache-2.0
/** Grids of runs: one recipe under many settings, each in a process of its own, in one table. */
@NullMarked
package io.sparseland.recipes.sweep;

import org.jspecify.annotations.NullMarked;
