// SPDX-License-Identifier: Apache-2.0
/** Sparseland schedulers. */
@NullMarked
package io.sparseland.schedulers;

import org.jspecify.annotations.NullMarked;
