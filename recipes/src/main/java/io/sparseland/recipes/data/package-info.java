// SPDX-License-Identifier: Apache-2.0
/** Training and test examples: idx files, MNIST, random numbers. */
@NullMarked
package io.sparseland.recipes.data;

import org.jspecify.annotations.NullMarked;
