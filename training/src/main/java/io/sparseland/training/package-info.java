// SPDX-License-Identifier: Apache-2.0
/** Sparseland training. */
@NullMarked
package io.sparseland.training;

import org.jspecify.annotations.NullMarked;
