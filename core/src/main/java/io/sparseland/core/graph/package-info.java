// SPDX-License-Identifier: Apache-2.0
/**
 * The interception: tracing any block into a graph, replaying it, capturing inputs, probing output
 * gradients.
 */
@NullMarked
package io.sparseland.core.graph;

import org.jspecify.annotations.NullMarked;
