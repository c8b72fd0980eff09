// SPDX-License-Identifier: Apache-2.0
/** What a recipe will do, before any data is read. */
@NullMarked
package io.sparseland.recipes.plan;

import org.jspecify.annotations.NullMarked;
