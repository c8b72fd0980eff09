// SPDX-License-Identifier: Apache-2.0
/** Sparseland examples. */
@NullMarked
package io.sparseland.examples;

import org.jspecify.annotations.NullMarked;
