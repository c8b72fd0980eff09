// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One line of the table.
 *
 * @param run folder of the run
 * @param settings path to label
 * @param line of the chart that it is a point of
 * @param figures every number at the top of the run's report; empty where it failed
 * @param exit the run's exit code
 * @param error what it said when it failed, else ""
 */
record Row(
    String run,
    Map<String, String> settings,
    String line,
    Map<String, Number> figures,
    int exit,
    String error) {

  static Row of(Cell cell, String run, JsonNode report, int exit) {
    Map<String, Number> figures = new LinkedHashMap<>();
    report
        .properties()
        .forEach(
            field -> {
              if (field.getValue().isNumber()) {
                figures.put(field.getKey(), field.getValue().numberValue());
              }
            });
    return new Row(run, cell.settings(), cell.line(), figures, exit, "");
  }

  static Row failed(Cell cell, String run, int exit, String error) {
    return new Row(run, cell.settings(), cell.line(), Map.of(), exit, error);
  }

  Optional<Number> figure(String name) {
    return Optional.ofNullable(figures.get(name));
  }
}
