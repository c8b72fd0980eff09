// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/**
 * How statistics are collected while layers are pruned.
 *
 * @param order in which the model is seen
 * @param target what each layer's output should be
 * @param damping with {@link Target#DENSE}: how strongly the weights are held where the data leaves
 *     them free, as a share of the mean diagonal of the Hessian
 */
public record Calibration(Order order, Target target, double damping) {

  /** Checks that the settings go together. */
  public Calibration {
    Check.that(
        target == Target.OWN || order == Order.SEQUENTIAL,
        "target dense needs order sequential: it corrects what earlier layers have lost");
    Check.that(damping > 0 && damping <= 1, "damping is %s, allowed: above 0, at most 1", damping);
  }

  /** In order, each layer towards its own output. */
  public static Calibration sequential() {
    return new Calibration(Order.SEQUENTIAL, Target.OWN, 0.01);
  }

  /** In order, each layer towards the dense model's output. */
  public static Calibration towardsDense() {
    return new Calibration(Order.SEQUENTIAL, Target.DENSE, 0.01);
  }

  /** All statistics from the dense model. */
  public static Calibration dense() {
    return new Calibration(Order.DENSE, Target.OWN, 0.01);
  }

  /** In which order the model is seen. */
  public enum Order {
    /** A layer sees the inputs that the layers pruned before it give. */
    SEQUENTIAL,
    /** Every layer sees the dense model's inputs. */
    DENSE
  }

  /** What a layer's output should be. */
  public enum Target {
    /** What its own dense weights make of its inputs. */
    OWN,
    /**
     * What the dense model computes there, the drift of the residual stream added where the output
     * is added to one.
     */
    DENSE
  }
}
