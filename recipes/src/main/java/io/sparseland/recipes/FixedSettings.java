// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import java.util.Map;

/**
 * {@code fixed: {linear.0: 0.95, linear.1: 0.5}}.
 *
 * @param sparsities layer name to sparsity
 */
record FixedSettings(Map<String, Double> sparsities) {}
