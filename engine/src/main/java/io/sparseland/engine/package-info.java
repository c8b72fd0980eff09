// SPDX-License-Identifier: Apache-2.0
/** Sparseland engine. */
@NullMarked
package io.sparseland.engine;

import org.jspecify.annotations.NullMarked;
