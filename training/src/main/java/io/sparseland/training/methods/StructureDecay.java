// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training.methods;

import io.sparseland.core.Check;
import io.sparseland.core.Criterion;
import io.sparseland.core.Layer;
import io.sparseland.core.Mask;
import io.sparseland.core.Pattern;
import io.sparseland.core.Schedule;
import io.sparseland.core.Scope;
import io.sparseland.core.Scores;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Trigger;
import io.sparseland.core.UpdateContext;
import io.sparseland.core.Updater;
import io.sparseland.core.WeightView;
import io.sparseland.pruners.Magnitude;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Structure decay of progressive gradient flow: dense at first, then straight-through under a walk
 * of patterns that ends at the one asked for; the last mask rests.
 *
 * <p>The frames share the steps from {@code begin} to {@code until} equally.
 *
 * @param walk which patterns
 * @param frames how many of a geometric walk
 * @param begin first step under a mask
 * @param until no other mask after this step
 * @param every steps between two masks of a frame
 * @see <a href="https://arxiv.org/abs/2402.04744">Bambhaniya et al. 2024, "Progressive Gradient
 *     Flow for Robust N:M Sparsity Training in Transformers", section 4.2</a>
 */
public record StructureDecay(Walk walk, int frames, long begin, long until, long every)
    implements SparsityMethod {

  /** Which patterns lead to N:M. */
  public enum Walk {
    /** {@code (M-1):M, M/2:M, M/4:M, ..., N:M}. */
    STEPWISE,
    /** {@code (2^j N):(2^j M)} with j falling to 0: the same density in ever narrower groups. */
    GEOMETRIC
  }

  /** Checks the order. */
  public StructureDecay {
    Check.that(frames >= 1 && frames <= 16, "frames is %d, allowed: 1 to 16", frames);
    Check.that(
        begin >= 0 && begin < until,
        "begin is step %d and until step %d, allowed: 0 <= begin < until",
        begin,
        until);
    Check.that(every >= 1, "every is %d steps, allowed: 1 or more", every);
  }

  /** The patterns on the way to one, in order; it comes last. */
  public List<Pattern.NM> frames(Pattern.NM target) {
    List<Pattern.NM> all = new ArrayList<>();
    if (walk == Walk.GEOMETRIC) {
      for (int j = frames - 1; j >= 0; j--) {
        all.add(of(target, target.keep() << j, target.group() << j));
      }
      return all;
    }
    int group = target.group();
    if (group - 1 > target.keep()) {
      all.add(of(target, group - 1, group));
    }
    for (int keep = group / 2; keep > target.keep(); keep /= 2) {
      if (keep < group - 1) {
        all.add(of(target, keep, group));
      }
    }
    all.add(target);
    return all;
  }

  @Override
  public void check(Layer layer, Pattern pattern) {
    frames(nm(pattern)).forEach(frame -> frame.check(layer.geometry()));
  }

  private static Pattern.NM nm(Pattern pattern) {
    if (pattern instanceof Pattern.NM nm) {
      return nm;
    }
    throw new IllegalArgumentException(
        "structure decay walks N:M patterns, found %s, allowed: such as 2:4"
            .formatted(pattern.text()));
  }

  /** The pattern at a step from {@code begin} on. */
  Pattern.NM frame(Pattern.NM target, long step) {
    List<Pattern.NM> all = frames(target);
    long passed = (step - begin) * all.size() / (until - begin);
    return all.get((int) Math.min(all.size() - 1L, passed));
  }

  private static Pattern.NM of(Pattern.NM target, int keep, int group) {
    return new Pattern.NM(keep, group, target.remainder());
  }

  @Override
  public Criterion initial() {
    return new Magnitude();
  }

  /** 0 while dense, the target afterwards; what the frames between have depends on the pattern. */
  @Override
  public Schedule sparsity(double target) {
    return step -> step < begin ? 0 : target;
  }

  @Override
  public Updater updater() {
    return new PatternWalk(this);
  }

  @Override
  public Optional<WeightView> view() {
    return Optional.of(new StraightThrough.View());
  }

  private record PatternWalk(StructureDecay method) implements Updater {

    @Override
    public Moment moment() {
      return Moment.AFTER_STEP;
    }

    @Override
    public boolean due(long step) {
      return new Trigger(method.begin, method.every, method.until).due(step)
          || step == method.until;
    }

    @Override
    public void update(UpdateContext context) {
      Pattern.NM frame = method.frame(nm(context.pattern()), context.step());
      for (Layer layer : context.layers()) {
        float[] scores = Scores.of(new Magnitude(), layer, context.evidence(layer));
        int pruned = frame.group() - frame.keep();
        Mask mask = frame.select(scores, layer.geometry(), pruned, Scope.LAYER);
        if (!mask.equals(context.mask(layer))) {
          context.replace(layer, mask);
        }
      }
    }
  }
}
