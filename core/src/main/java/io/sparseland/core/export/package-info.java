// SPDX-License-Identifier: Apache-2.0
/**
 * From a trained DJL block and its masks to a model directory: the traced graph is lowered to the
 * runtime's operations, simplified, written, read back and compared.
 */
@NullMarked
package io.sparseland.core.export;

import org.jspecify.annotations.NullMarked;
