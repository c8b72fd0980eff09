// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import java.util.Optional;

/**
 * What a run must reach; anything missed makes it exit with 4.
 *
 * @param accuracy share of the test examples that are classified right, 0 to 1
 * @param perplexity of a language model on the test text
 * @param spearman correlation of a sentence encoder's cosines with people's scores
 * @param maskedLoss of a masked language model, nats per masked token
 * @param cosine of sentence vectors with the dense model's
 * @param ndcg nDCG@10 on a retrieval folder
 * @param sparsity share of pruned weights in the selected layers
 * @param sparsityModel share of pruned weights among all parameters
 * @param nonzeros parameters that are left
 * @param speedup dense over sparse latency, worst row
 * @param latencySparseMs median of the worst row, milliseconds
 * @param maxAbsError largest difference between exported and DJL model
 * @param bytesRatio bytes of the exported model over those of dense fp32
 * @param trainStepRatio time of a masked training step over a plain one
 */
public record Expect(
    Optional<Comparison> accuracy,
    Optional<Comparison> perplexity,
    Optional<Comparison> spearman,
    Optional<Comparison> maskedLoss,
    Optional<Comparison> cosine,
    Optional<Comparison> ndcg,
    Optional<Comparison> sparsity,
    Optional<Comparison> sparsityModel,
    Optional<Comparison> nonzeros,
    Optional<Comparison> speedup,
    Optional<Comparison> latencySparseMs,
    Optional<Comparison> maxAbsError,
    Optional<Comparison> bytesRatio,
    Optional<Comparison> trainStepRatio) {}
