// SPDX-License-Identifier: Apache-2.0
/**
 * The DJL engine {@code Sparseland}: exported model directories behind {@code Criteria} and {@code
 * Predictor}, with or without the PyTorch engine on the class path.
 */
@NullMarked
package io.sparseland.engine;

import org.jspecify.annotations.NullMarked;
