// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import io.sparseland.core.Check;
import io.sparseland.core.Torch;
import java.util.List;
import java.util.Optional;

/**
 * A loss that keeps a student near its teacher, alone or beside another loss: {@code L = own + sum
 * of the terms}, each with its weight.
 *
 * <p>Predictions are the student's {@link Views}, labels those of the other loss followed by the
 * teacher's views; {@link Teacher} puts them together.
 */
public final class Distillation extends Loss {

  private final Optional<Loss> own;
  private final double ownWeight;
  private final List<Term> terms;

  private Distillation(Optional<Loss> own, double ownWeight, List<Term> terms) {
    super("Distillation");
    Check.that(!terms.isEmpty(), "no term: say what the student learns from its teacher");
    this.own = own;
    this.ownWeight = ownWeight;
    this.terms = List.copyOf(terms);
  }

  /** The teacher alone: no labels are needed. */
  public static Distillation alone(List<Term> terms) {
    return new Distillation(Optional.empty(), 0, terms);
  }

  /**
   * Beside a loss of labels.
   *
   * @param own sees the student's first output
   */
  public static Distillation beside(Loss own, double weight, List<Term> terms) {
    check("own", weight);
    return new Distillation(Optional.of(own), weight, terms);
  }

  @Override
  public NDArray evaluate(NDList labels, NDList predictions) {
    int theirs = labels.size() - predictions.size();
    Check.that(
        theirs >= 0,
        "%d labels for %d predictions: where is the teacher?",
        labels.size(),
        predictions.size());
    NDList teacher = labels.subNDList(theirs);
    NDArray sum = null;
    if (own.isPresent() && ownWeight > 0) {
      NDList known = new NDList(labels.subList(0, theirs));
      sum = Torch.times(own.get().evaluate(known, new NDList(predictions.head())), ownWeight);
    }
    for (Term term : terms) {
      NDArray value = Torch.times(term.of(predictions, teacher), term.weight());
      sum = sum == null ? value : sum.add(value);
    }
    if (sum == null) {
      throw new IllegalStateException("no terms");
    }
    return sum;
  }

  private static void check(String name, double weight) {
    Check.that(
        weight >= 0 && Double.isFinite(weight), "%s is %s, allowed: 0 or more", name, weight);
  }

  /** One way of being near. */
  public sealed interface Term {

    /** How much it counts. */
    double weight();

    /**
     * How far the student is away.
     *
     * @param student its views
     * @param teacher those of the teacher, of the same shapes
     * @return a scalar, 0 where they agree
     */
    NDArray of(NDList student, NDList teacher);
  }

  /**
   * Softened outputs: {@code T^2 mean over the rows of KL(softmax(z_t / T) || softmax(z_s / T))}.
   *
   * @param weight how much it counts
   * @param temperature T
   * @see <a href="https://arxiv.org/abs/1503.02531">Hinton et al. 2015, "Distilling the knowledge
   *     in a neural network", section 2</a>
   */
  public record Logits(double weight, double temperature) implements Term {

    /** Checks the settings. */
    public Logits {
      check("weight", weight);
      Check.that(temperature > 0, "temperature is %s, allowed: above 0", temperature);
    }

    @Override
    public NDArray of(NDList student, NDList teacher) {
      NDArray wanted =
          Torch.times(teacher.head(), 1 / temperature).logSoftmax(-1); // [..., classes]
      NDArray found = Torch.times(student.head(), 1 / temperature).logSoftmax(-1);
      long rows = wanted.size() / wanted.getShape().get(wanted.getShape().dimension() - 1);
      return Torch.times(
          wanted.exp().mul(wanted.sub(found)).sum(), temperature * temperature / rows);
    }
  }

  /**
   * The direction of the output: {@code mean over the rows of 1 - <s, t> / (|s| |t|)}.
   *
   * @param weight how much it counts
   */
  public record Cosine(double weight) implements Term {

    private static final int[] LAST = {-1};

    /** Checks the weight. */
    public Cosine {
      check("weight", weight);
    }

    @Override
    public NDArray of(NDList student, NDList teacher) {
      NDArray s = student.head();
      NDArray t = teacher.head();
      NDArray norms = s.square().sum(LAST).mul(t.square().sum(LAST)).sqrt();
      return s.mul(t).sum(LAST).div(norms).mean().neg().add(1);
    }
  }

  /**
   * Hidden states: {@code mean over the layers of mean (s - t)^2}.
   *
   * @param weight how much it counts
   * @see <a href="https://arxiv.org/abs/1909.10351">Jiao et al. 2020, "TinyBERT", eq. 8</a>, the
   *     widths being the same here
   */
  public record Hidden(double weight) implements Term {

    /** Checks the weight. */
    public Hidden {
      check("weight", weight);
    }

    @Override
    public NDArray of(NDList student, NDList teacher) {
      Check.that(student.size() > 1, "hidden states of no layer; name layers");
      NDArray sum = null;
      for (int i = 1; i < student.size(); i++) {
        NDArray distance = student.get(i).sub(teacher.get(i)).square().mean();
        sum = sum == null ? distance : sum.add(distance);
      }
      if (sum == null) {
        throw new IllegalStateException("no layers");
      }
      return Torch.times(sum, 1.0 / (student.size() - 1));
    }
  }
}
