// SPDX-License-Identifier: Apache-2.0
/** The rules that keep the modules' arrows as drawn in the design. */
@NullMarked
package io.sparseland.architecture;

import org.jspecify.annotations.NullMarked;
