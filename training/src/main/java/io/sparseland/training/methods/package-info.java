// SPDX-License-Identifier: Apache-2.0
/** Methods that keep dense weights behind a view, pull at weights, or work in phases. */
@NullMarked
package io.sparseland.training.methods;

import org.jspecify.annotations.NullMarked;
