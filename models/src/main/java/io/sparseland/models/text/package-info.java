// SPDX-License-Identifier: Apache-2.0
/** Tokenizers, and what a language model makes of text. */
@NullMarked
package io.sparseland.models.text;

import org.jspecify.annotations.NullMarked;
