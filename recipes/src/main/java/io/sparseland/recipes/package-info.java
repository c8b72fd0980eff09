// SPDX-License-Identifier: Apache-2.0
/** Sparseland recipes. */
@NullMarked
package io.sparseland.recipes;

import org.jspecify.annotations.NullMarked;
