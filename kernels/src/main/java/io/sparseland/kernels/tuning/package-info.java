// SPDX-License-Identifier: Apache-2.0
/** Which design runs a matrix: measured costs, cost tables, and the choice by them. */
@NullMarked
package io.sparseland.kernels.tuning;

import org.jspecify.annotations.NullMarked;
