// SPDX-License-Identifier: Apache-2.0
/** Runs an exported graph: packed weights, preallocated buffers, any number of threads. */
@NullMarked
package io.sparseland.kernels.runtime;

import org.jspecify.annotations.NullMarked;
