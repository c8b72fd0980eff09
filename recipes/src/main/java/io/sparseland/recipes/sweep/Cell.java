// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One run of a grid.
 *
 * @param number from 1, in the order of the grid; names the run's folder
 * @param settings path to label, an entry an axis
 * @param sets {@code --set} arguments
 * @param line of the chart that it is a point of
 */
record Cell(int number, Map<String, String> settings, List<String> sets, String line) {

  /** Every combination of values, the last axis running fastest. */
  static List<Cell> of(List<Axis> axes) {
    List<Cell> cells = List.of(new Cell(0, Map.of(), List.of(), ""));
    for (Axis axis : axes) {
      List<Cell> more = new ArrayList<>();
      for (Cell cell : cells) {
        axis.values().forEach(value -> more.add(cell.with(axis, value, more.size() + 1)));
      }
      cells = more;
    }
    return cells;
  }

  private Cell with(Axis axis, io.sparseland.recipes.language.Node value, int newNumber) {
    Map<String, String> wider = new LinkedHashMap<>(settings);
    wider.put(axis.path(), Axis.label(value));
    List<String> longer = new ArrayList<>(sets);
    longer.add(axis.set(value));
    String name = axis.isNumeric() ? line : (line + " " + Axis.line(value)).strip();
    return new Cell(newNumber, wider, List.copyOf(longer), name);
  }

  /** The settings in one line. */
  String text() {
    return String.join(", ", settings.values());
  }
}
