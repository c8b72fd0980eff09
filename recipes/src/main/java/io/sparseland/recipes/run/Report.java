// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a run reached; {@code report.json}, and what {@code run --json} prints. Figures of steps
 * that the recipe does not have are null. Where bench has several rows, latencies and speedup are
 * those of the row with the smallest speedup.
 *
 * @param scores what the DJL model reaches on the test examples, by metric ({@code accuracy},
 *     {@code perplexity}); with {@code _dense} behind, before anything was pruned, with {@code
 *     _exported}, by the exported model
 * @param sparsity share of pruned weights in the layers that the recipe selected, counted on masks
 * @param sparsityModel share of pruned weights among all parameters
 * @param nonzeros parameters that are left
 * @param bytesDense all parameters as fp32
 * @param bytesSparse files that are needed to run the exported model
 * @param maxAbsError largest difference of an output between exported and DJL model
 * @param trainStepRatio masked training step over plain one, median
 * @param flopsRatio FLOPs of one example in the pruned model over the dense one's
 * @param trainFlopsRatio FLOPs that all training needs over those of dense training as long; null
 *     without training
 * @param everActive share of the pruned layers' weights that a mask kept at any time (R_s)
 * @param flops where the two ratios come from
 * @param maskUpdates every change of a mask in training
 * @param threads of the worst row, or of the training
 * @param model the exported folder
 * @param run the run directory
 * @param peakMemoryBytes most memory the process has held; null where the system does not tell
 * @param notes what a reader should know: everything not pruned, not accelerated, left dense
 */
public record Report(
    String name,
    Map<String, Double> scores,
    double sparsity,
    double sparsityModel,
    long nonzeros,
    long bytesDense,
    @Nullable Long bytesSparse,
    @Nullable Double latencyDenseMs,
    @Nullable Double latencySparseMs,
    @Nullable Double speedup,
    @Nullable Double maxAbsError,
    @Nullable Double trainStepRatio,
    double flopsRatio,
    @Nullable Double trainFlopsRatio,
    double everActive,
    Flops flops,
    String cpu,
    int threads,
    long seed,
    @Nullable String model,
    List<BenchRow> bench,
    @Nullable TrainBench trainBench,
    List<Expected> expect,
    List<LayerRow> layers,
    List<String> notes,
    List<CurvePoint> curve,
    List<MaskRow> maskUpdates,
    String run,
    String recipeHash,
    String dataDigest,
    Map<String, String> versions,
    double seconds,
    @Nullable Long peakMemoryBytes) {

  /** Sorted by name; keys of their own in JSON. */
  @Override
  @JsonAnyGetter
  public Map<String, Double> scores() {
    return new TreeMap<>(scores);
  }

  /** One line of {@code expect}. */
  public record Expected(String key, String wanted, @Nullable Double found, boolean met) {}

  /**
   * One weight of the model.
   *
   * @param kernel that runs it in the exported model, or ""
   * @param reason why it is pruned no further, or has that kernel
   * @param errorMask squared error of its output that the mask alone made, as a share, where a
   *     one-shot method measured it on its calibration data
   * @param errorAfter the same after weights were reconstructed
   */
  public record LayerRow(
      String name,
      String type,
      long weights,
      long kept,
      double density,
      String kernel,
      String reason,
      @Nullable Double errorMask,
      @Nullable Double errorAfter) {}

  /** Training so far: mean loss since the last point; accuracy only at the end of an epoch. */
  public record CurvePoint(long step, double loss, @Nullable Double accuracy) {}

  /**
   * FLOPs in layers, two per multiply-add.
   *
   * @param forward of one example, pruned
   * @param forwardDense the same, dense
   * @param training that the methods need for all training steps
   * @param trainingDense the same number of dense steps: three forward passes an example
   */
  public record Flops(double forward, double forwardDense, double training, double trainingDense) {
    double forwardRatio() {
      return forwardDense == 0 ? 1 : forward / forwardDense;
    }
  }

  /**
   * One change of one layer's mask.
   *
   * @param step training steps before it, over all train steps of the recipe
   * @param density share of weights kept afterwards
   * @param dropped weights kept before and not afterwards
   * @param grown weights kept afterwards and not before
   * @param overlap share of the old mask's kept weights that stayed
   * @param everActive share of weights kept at any time up to then
   */
  public record MaskRow(
      long step,
      String layer,
      double density,
      int dropped,
      int grown,
      double overlap,
      double everActive) {}

  /** The same with expectations judged. */
  Report judged(List<Expected> expected) {
    return new Report(
        name,
        scores,
        sparsity,
        sparsityModel,
        nonzeros,
        bytesDense,
        bytesSparse,
        latencyDenseMs,
        latencySparseMs,
        speedup,
        maxAbsError,
        trainStepRatio,
        flopsRatio,
        trainFlopsRatio,
        everActive,
        flops,
        cpu,
        threads,
        seed,
        model,
        bench,
        trainBench,
        List.copyOf(expected),
        layers,
        notes,
        curve,
        maskUpdates,
        run,
        recipeHash,
        dataDigest,
        versions,
        seconds,
        peakMemoryBytes);
  }

  /** Whether everything expected was reached. */
  @JsonIgnore
  public boolean met() {
    return expect.stream().allMatch(Expected::met);
  }
}
