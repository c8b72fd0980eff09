// SPDX-License-Identifier: Apache-2.0
/** Importers of real weights. */
@NullMarked
package io.sparseland.models.files;

import org.jspecify.annotations.NullMarked;
