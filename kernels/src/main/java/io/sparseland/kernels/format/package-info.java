// SPDX-License-Identifier: Apache-2.0
/** Files: the model directory, safetensors, and the only code that writes to disk. */
@NullMarked
package io.sparseland.kernels.format;

import org.jspecify.annotations.NullMarked;
