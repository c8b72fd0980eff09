// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes;

import io.sparseland.core.Allocation;
import io.sparseland.core.Criterion;
import io.sparseland.core.Epsilon;
import io.sparseland.core.ErdosRenyi;
import io.sparseland.core.LikeDense;
import io.sparseland.core.Owl;
import io.sparseland.core.Pattern;
import io.sparseland.core.Reconstruction;
import io.sparseland.core.Schedule;
import io.sparseland.core.Sensitivity;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.UniformPlus;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.models.Cnn;
import io.sparseland.models.Encoder;
import io.sparseland.models.Lenet;
import io.sparseland.models.Lenet5;
import io.sparseland.models.Mlp;
import io.sparseland.models.SparseIft;
import io.sparseland.pruners.Alps;
import io.sparseland.pruners.BiasCompensation;
import io.sparseland.pruners.Dsnot;
import io.sparseland.pruners.Fluctuation;
import io.sparseland.pruners.GradientMagnitude;
import io.sparseland.pruners.Grasp;
import io.sparseland.pruners.LeastSquares;
import io.sparseland.pruners.Magnitude;
import io.sparseland.pruners.Mfac;
import io.sparseland.pruners.Obc;
import io.sparseland.pruners.Obert;
import io.sparseland.pruners.ObsUpdate;
import io.sparseland.pruners.Random;
import io.sparseland.pruners.Saliency;
import io.sparseland.pruners.Snip;
import io.sparseland.pruners.SparseGpt;
import io.sparseland.pruners.SynFlow;
import io.sparseland.pruners.Wanda;
import io.sparseland.recipes.data.Cifar10;
import io.sparseland.recipes.data.Csv;
import io.sparseland.recipes.data.DataSource;
import io.sparseland.recipes.data.FashionMnist;
import io.sparseland.recipes.data.Idx;
import io.sparseland.recipes.data.MaskedText;
import io.sparseland.recipes.data.Mnist;
import io.sparseland.recipes.data.RandomData;
import io.sparseland.recipes.data.Retrieval;
import io.sparseland.recipes.data.Sentences;
import io.sparseland.recipes.data.Sts;
import io.sparseland.recipes.data.Text;
import io.sparseland.recipes.language.Catalogue;
import io.sparseland.schedulers.Constant;
import io.sparseland.schedulers.Cosine;
import io.sparseland.schedulers.ExponentialDecay;
import io.sparseland.schedulers.InversePower;
import io.sparseland.schedulers.Ramp;
import io.sparseland.schedulers.RateCoupled;
import io.sparseland.schedulers.Stepped;
import io.sparseland.schedulers.dynamic.DynamicReparameterization;
import io.sparseland.schedulers.dynamic.Gmp;
import io.sparseland.schedulers.dynamic.GraNet;
import io.sparseland.schedulers.dynamic.Itop;
import io.sparseland.schedulers.dynamic.Mest;
import io.sparseland.schedulers.dynamic.RigL;
import io.sparseland.schedulers.dynamic.SparseEmbedding;
import io.sparseland.schedulers.dynamic.SparseEvolution;
import io.sparseland.schedulers.dynamic.SparseMomentum;
import io.sparseland.schedulers.dynamic.Static;
import io.sparseland.schedulers.dynamic.TopKast;
import io.sparseland.training.Clip;
import io.sparseland.training.OptimizerSettings;
import io.sparseland.training.RateSchedule;
import io.sparseland.training.methods.AcDc;
import io.sparseland.training.methods.AdaptiveTrainer;
import io.sparseland.training.methods.Bidirectional;
import io.sparseland.training.methods.GroupEnvelope;
import io.sparseland.training.methods.MaskDecay;
import io.sparseland.training.methods.Popup;
import io.sparseland.training.methods.SoftShrinkage;
import io.sparseland.training.methods.SoftThreshold;
import io.sparseland.training.methods.StraightThrough;
import io.sparseland.training.methods.StructureDecay;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Every word of the recipe language that names a kind. A new method is one line here: its word, its
 * record, the settings that may be left out ({@code ^until} takes what the surrounding mapping says
 * for {@code until}).
 */
final class Kinds {

  /** Allocations without settings. */
  static final Map<String, Supplier<Allocation>> ALLOCATIONS =
      Map.of(
          "uniform", Allocation::uniform,
          "global", Allocation::global,
          "lamp", Allocation::lamp);

  static final Catalogue CATALOGUE = catalogue();

  /** Of Erdős–Rényi allocations; whether kernels count is in the word. */
  private record Power(double power) {}

  private Kinds() {}

  private static Catalogue catalogue() {
    Catalogue all = new Catalogue();
    during(all);
    behindViews(all);
    after(all);
    all.kind(Step.class, "train", Step.Train.class, "{}")
        .kind(Step.class, "iterate", Step.Iterate.class, "{}")
        .kind(Step.class, "unmask", Step.Unmask.class, "{}")
        .kind(Step.class, "prune", Step.Prune.class, "{}")
        .kind(Step.class, "batch_norm", Step.BatchNorm.class, "{}")
        .kind(Step.class, "evaluate", Step.Evaluate.class, "{}")
        .kind(Step.class, "export", Step.Export.class, "{}")
        .kind(Step.class, "bench", Step.Bench.class, "{}");
    all.kind(DataSource.class, "mnist", Mnist.class, "{}")
        .kind(DataSource.class, "fashion-mnist", FashionMnist.class, "{}")
        .kind(DataSource.class, "idx", Idx.class, "{}")
        .kind(DataSource.class, "csv", Csv.class, "{}")
        .kind(DataSource.class, "random", RandomData.class, "{}")
        .kind(DataSource.class, "cifar10", Cifar10.class, "{}")
        .kind(DataSource.class, "sts", Sts.class, "{}")
        .kind(DataSource.class, "sentences", Sentences.class, "{}")
        .kind(DataSource.class, "retrieval", Retrieval.class, "{}")
        .kind(DataSource.class, "masked_text", MaskedText.class, "{}")
        .kind(DataSource.class, "text", Text.class, "{}");
    all.kind(
            ModelSource.class,
            "lenet",
            Lenet.class,
            "{inputs: 784, hidden: [300, 100], classes: 10}",
            ModelSource::fresh)
        .kind(ModelSource.class, "lenet5", Lenet5.class, "{classes: 10}", ModelSource::fresh)
        .kind(ModelSource.class, "mlp", Mlp.class, "{}", ModelSource::fresh)
        .kind(
            ModelSource.class,
            "cnn",
            Cnn.class,
            "{channels: [32, 64], hidden: [256], classes: 10}",
            ModelSource::fresh)
        .kind(
            ModelSource.class, "sparse_ift", SparseIft.class, "{member: wide}", ModelSource::fresh)
        .kind(ModelSource.class, "encoder", Encoder.class, "{}", ModelSource::fresh)
        .kind(ModelSource.class, "class", OwnModel.class, "{}")
        .kind(ModelSource.class, "huggingface", PretrainedModels.HuggingFace.class, "{}")
        .kind(ModelSource.class, "bert", PretrainedModels.MaskedModel.class, "{}")
        .kind(ModelSource.class, "minilm", PretrainedModels.SentenceEncoder.class, "{}")
        .kind(ModelSource.class, "resnet-cifar", PretrainedModels.ResNet.class, "{}")
        .kind(ModelSource.class, "llama2c", PretrainedModels.Llama2c.class, "{}");
    all.kind(
            OptimizerSettings.class,
            "sgd",
            OptimizerSettings.Sgd.class,
            "{momentum: 0, weight_decay: 0}")
        .kind(
            OptimizerSettings.class,
            "adam",
            OptimizerSettings.Adam.class,
            "{rate: 0.001, weight_decay: 0}")
        .kind(
            OptimizerSettings.class,
            "adamw",
            OptimizerSettings.AdamW.class,
            "{rate: 0.001, weight_decay: 0.01}");
    all.kind(Clip.class, "norm", Limit.class, "{}", l -> new Clip(Clip.By.NORM, l.most()))
        .kind(Clip.class, "value", Limit.class, "{}", l -> new Clip(Clip.By.VALUE, l.most()));
    all.kind(RateSchedule.class, "constant", RateSchedule.Constant.class, "{}")
        .kind(RateSchedule.class, "linear", RateSchedule.Linear.class, "{warm_up: 0 %, end: 100 %}")
        .kind(
            RateSchedule.class,
            "cosine",
            RateSchedule.Cosine.class,
            "{warm_up: 0 %, floor: 0, end: 100 %}")
        .kind(RateSchedule.class, "drops", RateSchedule.Drops.class, "{factor: 0.1}");
    ALLOCATIONS.forEach(
        (word, make) -> all.kind(Allocation.class, word, None.class, "{}", none -> make.get()));
    all.kind(
        Allocation.class,
        "fixed",
        FixedSettings.class,
        "{}",
        fixed -> Allocation.fixed(fixed.sparsities()));
    all.kind(Allocation.class, "owl", Owl.class, "{spread: 0.08, outlier: 5}")
        .kind(Allocation.class, "uniform_plus", UniformPlus.class, "{head: 0.2}")
        .kind(
            Allocation.class, "er", Power.class, "{power: 1}", p -> new ErdosRenyi(false, p.power))
        .kind(
            Allocation.class, "erk", Power.class, "{power: 1}", p -> new ErdosRenyi(true, p.power))
        .kind(Allocation.class, "epsilon", Epsilon.class, "{}");
    all.kind(Allocation.class, "iso_flop", LikeDense.class, "{}")
        .kind(Allocation.class, "sensitivity", Sensitivity.class, "{spread: 0.1, samples: 8}");
    all.text(CostTable.class, Kinds::profile).text(PatternSetting.class, PatternSetting::parse);
    all.text(MemorySize.class, MemorySize::parse);
    all.text(Pattern.class, Pattern::parse).text(Comparison.class, Comparison::parse);
    all.inline(Trigger.class, TriggerSettings.class, TriggerSettings::trigger);
    return all;
  }

  private static CostTable profile(String nameOrPath) {
    try {
      return CostTable.of(nameOrPath);
    } catch (FormatException | UncheckedIOException e) {
      throw new IllegalArgumentException(
          "profile '%s': %s".formatted(nameOrPath, e.getMessage()), e);
    }
  }

  /** Methods during training, and the schedules they may be given. */
  private static void during(Catalogue all) {
    all.kind(
            SparsityMethod.class,
            "rigl",
            RigL.class,
            "{every: 100 steps, until: 75 %, drop: {cosine: 0.3}, strict: false, batches: 1}")
        .kind(
            SparsityMethod.class,
            "set",
            SparseEvolution.class,
            "{every: 1 epochs, until: 99 %, drop: {constant: 0.3}, by_sign: false, fresh: zero}")
        .kind(SparsityMethod.class, "static", Static.class, "{initial: random}")
        .kind(
            SparsityMethod.class,
            "gmp",
            Gmp.class,
            "{from: 0, ramp: cubic, every: 100 steps, until: 75 %, criterion: magnitude,"
                + " allocation: uniform}");
    ramps(all);
    sparseToSparse(all);
    all.kind(Schedule.class, "constant", Constant.class, "{}")
        .kind(Schedule.class, "cosine", Cosine.class, "{floor: 0, end: ^until}")
        .kind(Schedule.class, "exponential", ExponentialDecay.class, "{rate: 3, end: ^until}")
        .kind(Schedule.class, "inverse_power", InversePower.class, "{power: 3, end: ^until}")
        .kind(Schedule.class, "stepped", Stepped.class, "{}")
        .kind(Schedule.class, "rate_coupled", RateCoupled.class, "{}");
  }

  private static void ramps(Catalogue all) {
    for (Ramp.Plain plain : Ramp.Plain.values()) {
      all.kind(Ramp.class, plain.name().toLowerCase(Locale.ROOT), None.class, "{}", none -> plain);
    }
    all.kind(Ramp.class, "iterative", Ramp.ByShares.class, "{}")
        .kind(Ramp.class, "linear_phases", Ramp.ByEqualSteps.class, "{}")
        .kind(Ramp.class, "polynomial", Ramp.Power.class, "{}");
  }

  private static void sparseToSparse(Catalogue all) {
    String late = "until: 99 %, drop: {cosine: {from: 0.5, floor: 0.005}}";
    all.kind(
            SparsityMethod.class,
            "itop",
            Itop.class,
            "{every: 1000 steps, " + late + ", grow: gradient}")
        .kind(SparsityMethod.class, "snfs", SparseMomentum.class, "{every: 1 epochs, " + late + "}")
        .kind(
            SparsityMethod.class,
            "dsr",
            DynamicReparameterization.class,
            "{every: 100 steps, until: 75 %, drop: {constant: 0.1}, threshold: 0.001,"
                + " doubles: []}")
        .kind(
            SparsityMethod.class,
            "mest",
            Mest.class,
            "{every: 1 epochs, until: 75 %, gradient: 0, grow_first: false,"
                + " drop: {stepped: {values: [0.2, 0.1], changes: [56 %]}}}")
        .kind(
            SparsityMethod.class,
            "topkast",
            TopKast.class,
            "{every: 100 steps, until: 100 %, strength: 0.0001, form: l2}")
        .kind(
            SparsityMethod.class,
            "granet",
            GraNet.class,
            "{from: 0, every: 100 steps, " + late + ", pruned_by: 68 %, allocation: global}")
        .kind(
            SparsityMethod.class,
            "dsl",
            SparseEmbedding.class,
            "{every: 100 steps, " + late + ", batches: 10, allocation: uniform}");
  }

  /** The number of a {@link Clip}. */
  private record Limit(double most) {}

  /** Methods with dense weights behind a view, penalties, phases. */
  private static void behindViews(Catalogue all) {
    Class<SparsityMethod> method = SparsityMethod.class;
    String often = "every: 1 steps, allocation: uniform}";
    all.kind(method, "ste", StraightThrough.class, "{decay: 0, " + often)
        .kind(method, "sr_ste", StraightThrough.class, "{decay: 0.0002, " + often)
        .kind(
            method,
            "mdgf",
            MaskDecay.class,
            "{decay: exponential, rate: 5, until: 75 %, flow: scaled, " + often)
        .kind(
            method,
            "sdgf",
            StructureDecay.class,
            "{walk: stepwise, frames: 4, begin: 10 %, until: 75 %, " + often)
        .kind(method, "bdwp", Bidirectional.class, "{exact: false, " + often)
        .kind(
            method,
            "ast",
            AdaptiveTrainer.class,
            "{decay: 0.00006, ramp: 25 %, every: 10 steps, allocation: uniform}")
        .kind(method, "str", SoftThreshold.class, "{start: -3200, decay: 0, allocation: uniform}")
        .kind(method, "iss_p", SoftShrinkage.class, "{shrink: 0.95, until: 75 %, " + often)
        .kind(method, "wgsef", GroupEnvelope.class, "{until: 75 %, " + often)
        .kind(method, "popup", Popup.class, "{frozen: false, " + often)
        .kind(
            method,
            "ac_dc",
            AcDc.class,
            "{begin: 10 %, every: 5 %, until: 75 %, end: 85 %, allocation: global}");
  }

  /** Criteria after training, and what may follow them. */
  private static void after(Catalogue all) {
    all.kind(Criterion.class, "random", Random.class, "{}")
        .kind(Criterion.class, "magnitude", Magnitude.class, "{}")
        .kind(Criterion.class, "gradient", GradientMagnitude.class, "{}")
        .kind(Criterion.class, "saliency", Saliency.class, "{}")
        .kind(Criterion.class, "wanda", Wanda.class, "{}")
        .kind(Criterion.class, "sparsegpt", SparseGpt.class, "{damping: 0.01, block: 128}")
        .kind(Criterion.class, "obc", Obc.class, "{damping: 0.01}")
        .kind(
            Criterion.class, "obert", Obert.class, "{damping: 0.0000001, block: 50, joint: false}")
        .kind(
            Criterion.class,
            "woodfisher",
            Obert.class,
            "{damping: 0.001, block: 500, joint: false}")
        .kind(
            Criterion.class,
            "flap",
            Fluctuation.class,
            "{metric: wifv, standardised: true, square_heads: true}")
        .kind(Criterion.class, "mfac", Mfac.class, "{damping: 0.00001}")
        .kind(Criterion.class, "snip", Snip.class, "{}")
        .kind(Criterion.class, "grasp", Grasp.class, "{}")
        .kind(Criterion.class, "synflow", SynFlow.class, "{}")
        .kind(Criterion.class, "alps", Alps.class, "{damping: 0.01, iterations: 300}");
    all.kind(Reconstruction.class, "least_squares", LeastSquares.class, "{damping: 0.01}")
        .kind(Reconstruction.class, "obs_update", ObsUpdate.class, "{damping: 0.01}")
        .kind(
            Reconstruction.class,
            "dsnot",
            Dsnot.class,
            "{threshold: 0.0001, power: 1, same_sign: false, guard: true}")
        .kind(Reconstruction.class, "bias", BiasCompensation.class, "{}");
  }
}
