// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.Layout;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.ValueType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A graph as a list of calls on values with known types and layouts.
 *
 * @param types constant sizes by value
 * @param panels values in {@link Layout#PANELS}, without which there are rows
 * @param outputs values that the caller gets, in rows
 */
record Program(
    List<Work> works,
    Map<String, ValueType> types,
    Map<String, Layout> panels,
    List<String> outputs) {

  /** Everything in rows. */
  static Program rows(ModelGraph graph, Map<String, ValueType> types) {
    List<String> outputs = graph.outputs().stream().map(Port::name).toList();
    return new Program(Fusion.of(graph, types), types, Map.of(), outputs);
  }

  /** The type of a value. */
  ValueType type(String value) {
    ValueType type = types.get(value);
    if (type == null) {
      throw new IllegalStateException("value '" + value + "' has no type");
    }
    return type;
  }

  Layout layout(String value) {
    return panels.getOrDefault(value, Layout.ROWS);
  }

  /** Calls with conversions between, as panels are chosen. */
  Program in(PanelChoice choice) {
    Converter converter = new Converter(choice);
    works.forEach(converter::add);
    List<String> out = outputs.stream().map(converter::rows).toList();
    return new Program(converter.works, converter.types, converter.layouts, out);
  }

  /** Puts conversions before the first call that needs the other layout. */
  private final class Converter {

    private final PanelChoice choice;
    private final List<Work> works = new ArrayList<>();
    private final Map<String, ValueType> types = new HashMap<>(Program.this.types);
    private final Map<String, Layout> layouts = new HashMap<>();
    private final Map<String, String> converted = new HashMap<>();

    private Converter(PanelChoice choice) {
      this.choice = choice;
    }

    private void add(Work work) {
      List<String> inputs = new ArrayList<>();
      for (int i = 0; i < work.inputs().size(); i++) {
        String input = work.inputs().get(i);
        inputs.add(choice.takesPanels(work, i) ? panels(input) : rows(input));
      }
      works.add(new Work(work.output(), work.action(), inputs));
      if (choice.givesPanels(work)) {
        layouts.put(work.output(), Layout.PANELS);
      }
    }

    private String rows(String value) {
      return layouts.containsKey(value) ? other(value, Layout.ROWS) : value;
    }

    private String panels(String value) {
      return layouts.containsKey(value) ? value : other(value, Layout.PANELS);
    }

    private String other(String value, Layout layout) {
      String known = converted.get(value);
      if (known != null) {
        return known;
      }
      String name = value + (layout == Layout.ROWS ? " in rows" : " in panels");
      while (types.containsKey(name)) {
        name += "'";
      }
      types.put(name, type(value));
      if (layout == Layout.PANELS) {
        layouts.put(name, layout);
      }
      works.add(new Work(name, new Work.Convert(), List.of(value)));
      converted.put(value, name);
      return name;
    }
  }
}
