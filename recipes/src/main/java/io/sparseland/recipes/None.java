// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

/** The settings of a kind that has none. */
record None() {}
