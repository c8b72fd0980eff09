// SPDX-License-Identifier: Apache-2.0
/** Sparseland models. */
@NullMarked
package io.sparseland.models;

import org.jspecify.annotations.NullMarked;
