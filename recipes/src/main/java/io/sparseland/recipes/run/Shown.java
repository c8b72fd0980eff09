// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

/**
 * Where a step tells how it goes.
 *
 * @param watcher who waits for it
 * @param log of the run
 */
record Shown(Watcher watcher, RunLog log) {}
