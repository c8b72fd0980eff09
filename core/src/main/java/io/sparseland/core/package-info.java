// SPDX-License-Identifier: Apache-2.0
/** Sparseland core. */
@NullMarked
package io.sparseland.core;

import org.jspecify.annotations.NullMarked;
