// SPDX-License-Identifier: Apache-2.0
/** Attaches sparsity to DJL training: masked optimizer steps, mask updates, views of weights. */
@NullMarked
package io.sparseland.training;

import org.jspecify.annotations.NullMarked;
