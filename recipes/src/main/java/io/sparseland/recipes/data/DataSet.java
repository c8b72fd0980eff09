// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import java.util.Optional;

/**
 * Examples in memory.
 *
 * @param train pixels from 0 to 1, labels from 0
 * @param test the same, not trained on
 * @param digest SHA-256 of the data, or a word that tells how it was made
 * @param note what a reader of the report should know, for example that test examples were held out
 */
public record DataSet(Samples train, Samples test, String digest, Optional<String> note) {}
