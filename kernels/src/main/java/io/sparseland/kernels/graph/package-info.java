// SPDX-License-Identifier: Apache-2.0
/** The exported graph: operations over named values, with sizes that may depend on symbols. */
@NullMarked
package io.sparseland.kernels.graph;

import org.jspecify.annotations.NullMarked;
