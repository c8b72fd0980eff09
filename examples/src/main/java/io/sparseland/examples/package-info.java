// SPDX-License-Identifier: Apache-2.0
/** Programs to start from: training with two more lines, serving, comparing methods. */
@NullMarked
package io.sparseland.examples;

import org.jspecify.annotations.NullMarked;
