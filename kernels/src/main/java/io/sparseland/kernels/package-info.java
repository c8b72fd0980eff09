// SPDX-License-Identifier: Apache-2.0
/** Sparseland kernels. */
@NullMarked
package io.sparseland.kernels;

import org.jspecify.annotations.NullMarked;
