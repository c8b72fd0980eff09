// SPDX-License-Identifier: Apache-2.0
/** Schedules: numbers that change over training, each a pure function of the step. */
@NullMarked
package io.sparseland.schedulers;

import org.jspecify.annotations.NullMarked;
