// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import ai.djl.Model;
import io.sparseland.recipes.data.DataSet;

/**
 * What a run works on.
 *
 * @param model as the steps have left it
 * @param data in memory
 * @param teachers models that it may learn from
 */
record Opened(Model model, DataSet data, Teachers teachers) {}
