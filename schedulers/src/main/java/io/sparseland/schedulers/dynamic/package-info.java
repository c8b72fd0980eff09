// SPDX-License-Identifier: Apache-2.0
/** Methods that change masks during training, and the updaters they are rows of. */
@NullMarked
package io.sparseland.schedulers.dynamic;

import org.jspecify.annotations.NullMarked;
