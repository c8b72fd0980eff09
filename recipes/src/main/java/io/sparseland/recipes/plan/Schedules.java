// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.plan;

import io.sparseland.core.Schedule;
import io.sparseland.core.SparsityMethod;
import io.sparseland.core.Updater;
import io.sparseland.recipes.language.Clock;
import io.sparseland.recipes.plan.Plan.Point;
import java.util.ArrayList;
import java.util.List;

/** When a method changes masks, and how sparse they are on the way. */
final class Schedules {

  private static final int POINTS = 5;
  private static final long COUNTED = 10_000_000;

  private Schedules() {}

  /** How many steps an update is due at; -1 for a training too long to count. */
  static long updates(SparsityMethod method, Clock clock) {
    if (clock.steps() > COUNTED) {
      return -1;
    }
    Updater updater = method.updater();
    long updates = 0;
    for (long step = 0; step < clock.steps(); step++) {
      updates += updater.due(step) ? 1 : 0;
    }
    return updates;
  }

  /** Start, quarters and end. */
  static List<Point> points(SparsityMethod method, double target, Clock clock) {
    Schedule sparsity = method.sparsity(target);
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < POINTS; i++) {
      long step = clock.steps() * i / (POINTS - 1);
      points.add(new Point(step, sparsity.at(step)));
    }
    return points;
  }
}
