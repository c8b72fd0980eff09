// SPDX-License-Identifier: Apache-2.0
/** Sparseland pruners. */
@NullMarked
package io.sparseland.pruners;

import org.jspecify.annotations.NullMarked;
