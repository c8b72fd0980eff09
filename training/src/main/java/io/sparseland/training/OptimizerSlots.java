// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.optimizer.Adam;
import ai.djl.training.optimizer.AdamW;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.optimizer.Sgd;
import ai.djl.training.tracker.ParameterTracker;
import io.sparseland.core.Layer;
import io.sparseland.core.StateKeeper;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The slots of DJL's Sgd (momentum), Adam and AdamW (first and second moment).
 *
 * <p>The maps are private, and an optimizer that the user has already built cannot be subclassed
 * any more; so this class, and no other, reads them by reflection. The arrays appear with a
 * parameter's first step.
 */
final class OptimizerSlots implements StateKeeper {

  private static final float EPSILON = 1e-8f;
  private static final String COUNTED = "numUpdate";

  private final List<Map<String, Map<Device, NDArray>>> states; // parameter id -> device -> slot

  private OptimizerSlots(List<Map<String, Map<Device, NDArray>>> states) {
    this.states = states;
  }

  /**
   * The slots of an optimizer.
   *
   * @throws IllegalArgumentException for any optimizer but Sgd, Adam and AdamW, by name
   */
  static OptimizerSlots of(Optimizer optimizer) {
    if (optimizer instanceof Sgd) {
      return new OptimizerSlots(read(optimizer, Sgd.class, "momentumStates"));
    }
    if (optimizer instanceof Adam) {
      return new OptimizerSlots(read(optimizer, Adam.class, "means", "variances"));
    }
    if (optimizer instanceof AdamW) {
      return new OptimizerSlots(read(optimizer, AdamW.class, "means", "variances"));
    }
    throw new IllegalArgumentException(
        "optimizer %s is not supported: its state cannot be reset; allowed: Sgd, Adam, AdamW"
            .formatted(optimizer.getClass().getSimpleName()));
  }

  @Override
  public void mask(Layer layer, NDArray keep) {
    of(layer.parameter().getId()).forEach(slot -> slot.muli(keep));
  }

  @Override
  public NDArray momentum(Layer layer) {
    List<NDArray> slots = of(layer.parameter().getId());
    if (slots.isEmpty()) {
      throw new IllegalArgumentException(
          "layer '%s' has no momentum: the method needs Sgd with momentum, Adam or AdamW"
              .formatted(layer.name()));
    }
    return slots.size() == 1
        ? slots.get(0).mul(1f)
        : slots.get(0).div(slots.get(1).sqrt().add(EPSILON)); // m / (sqrt(v) + eps)
  }

  @Override
  public void resetAll() {
    for (Map<String, Map<Device, NDArray>> state : states) {
      state.values().forEach(slots -> slots.values().forEach(slot -> slot.muli(0)));
    }
  }

  /**
   * What an AdamW was built with.
   *
   * @throws IllegalArgumentException for any other optimizer
   */
  static DirectedAdamW.Settings adamW(Optimizer optimizer) {
    checkAdamW(optimizer);
    return new DirectedAdamW.Settings(
        number(optimizer, Optimizer.class, "weightDecays"),
        number(optimizer, AdamW.class, "beta1"),
        number(optimizer, AdamW.class, "beta2"),
        number(optimizer, AdamW.class, "epsilon"));
  }

  /** The rate of an AdamW at a parameter's n-th update. */
  static double rate(Optimizer optimizer, String parameterId, int update) {
    checkAdamW(optimizer);
    ParameterTracker tracker =
        (ParameterTracker) field(optimizer, AdamW.class, "learningRateTracker");
    return tracker.getNewValue(parameterId, update);
  }

  private static void checkAdamW(Optimizer optimizer) {
    if (!(optimizer instanceof AdamW)) {
      throw new IllegalArgumentException(
          "this method changes AdamW's step, found %s, allowed: AdamW"
              .formatted(optimizer.getClass().getSimpleName()));
    }
  }

  private static double number(Optimizer optimizer, Class<?> declaring, String name) {
    return ((Float) field(optimizer, declaring, name)).doubleValue();
  }

  /** Slots and counts of updates under the parameters' names instead of their ids. */
  static void save(Optimizer optimizer, Map<String, String> names, TrainState into) {
    List<Map<String, Map<Device, NDArray>>> states = of(optimizer).states;
    for (int i = 0; i < states.size(); i++) {
      String prefix = "slot" + i + "/";
      states
          .get(i)
          .forEach((id, slots) -> slots.values().forEach(s -> into.put(prefix + names.get(id), s)));
    }
    counts(optimizer).forEach((id, count) -> into.put("count/" + names.get(id), count));
    into.put("counted", (Integer) field(optimizer, Optimizer.class, COUNTED));
  }

  /** Brings back what was saved, into an optimizer that has not stepped yet. */
  static void restore(
      Optimizer optimizer, Map<String, String> names, TrainState from, NDManager manager) {
    List<Map<String, Map<Device, NDArray>>> states = of(optimizer).states;
    names.forEach(
        (id, name) -> {
          for (int i = 0; i < states.size(); i++) {
            String slot = "slot" + i + "/" + name;
            if (!from.arrays(slot).isEmpty()) {
              NDArray array = from.array(slot, manager);
              array.detach(); // as DJL does with those it makes
              states.get(i).put(id, new ConcurrentHashMap<>(Map.of(array.getDevice(), array)));
            }
          }
          if (!from.numbers("count/" + name).isEmpty()) {
            counts(optimizer).put(id, (int) from.number("count/" + name));
          }
        });
    set(optimizer, Optimizer.class, COUNTED, (int) from.number("counted"));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Integer> counts(Optimizer optimizer) {
    return (Map<String, Integer>) field(optimizer, Optimizer.class, "updateCounts");
  }

  /** The live slots of one parameter; empty before its first step and for Sgd without momentum. */
  List<NDArray> of(String parameterId) {
    List<NDArray> slots = new ArrayList<>();
    for (Map<String, Map<Device, NDArray>> state : states) {
      Map<Device, NDArray> perDevice = state.get(parameterId);
      if (perDevice != null) {
        slots.addAll(perDevice.values());
      }
    }
    return slots;
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Map<Device, NDArray>>> read(
      Optimizer optimizer, Class<? extends Optimizer> declaring, String... names) {
    List<Map<String, Map<Device, NDArray>>> maps = new ArrayList<>();
    for (String name : names) {
      maps.add((Map<String, Map<Device, NDArray>>) field(optimizer, declaring, name));
    }
    return maps;
  }

  private static void set(Optimizer optimizer, Class<?> declaring, String name, int value) {
    try {
      Field field = declaring.getDeclaredField(name);
      field.setAccessible(true);
      field.setInt(optimizer, value);
    } catch (ReflectiveOperationException e) {
      throw unknown(declaring, name, e);
    }
  }

  private static IllegalStateException unknown(Class<?> declaring, String name, Exception e) {
    return new IllegalStateException(
        "%s of this DJL version has no field '%s'; Sparseland needs DJL 0.36"
            .formatted(declaring.getSimpleName(), name),
        e);
  }

  private static Object field(Optimizer optimizer, Class<?> declaring, String name) {
    try {
      Field field = declaring.getDeclaredField(name);
      field.setAccessible(true);
      return field.get(optimizer);
    } catch (ReflectiveOperationException e) {
      throw unknown(declaring, name, e);
    }
  }
}
