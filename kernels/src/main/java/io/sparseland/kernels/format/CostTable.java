// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.WeightType;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A hardware profile: what each design costs on a kind of machine, relative to the fastest dense
 * one. {@code docs/export.md} describes the file.
 *
 * @param name of the profile
 * @param machine what it was measured on
 * @param rows measurements
 */
public record CostTable(String name, String machine, List<Row> rows) {

  /** Value of the field {@code format} of a file. */
  public static final String FORMAT = "sparseland-costs";

  /** Pattern of single weights, which every pattern is a case of. */
  public static final String UNSTRUCTURED = "unstructured";

  private static final int VERSION = 1;
  private static final int MAX_BYTES = 4 << 20;
  private static final Pattern BLOCK = Pattern.compile("([0-9]{1,4})x([0-9]{1,4})");
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");

  /**
   * Costs of one kind of matrix over its sparsity.
   *
   * @param type of the weights
   * @param pattern text of the mask's pattern; of a convolution behind its {@link #family}
   * @param tokens how many are multiplied at once
   * @param outputs rows of the matrix
   * @param inputs columns of the matrix
   * @param sparsities shares of pruned weights, 0 to 1, rising
   * @param costs for each design, at each sparsity, relative to the fastest dense design
   */
  public record Row(
      WeightType type,
      String pattern,
      int tokens,
      int outputs,
      int inputs,
      List<Double> sparsities,
      SortedMap<String, List<Double>> costs) {

    /**
     * Copies and checks.
     *
     * @throws IllegalArgumentException if sparsities do not rise within 0 to 1, or costs are not
     *     positive or not as many
     */
    public Row {
      sparsities = List.copyOf(sparsities);
      SortedMap<String, List<Double>> copy = new TreeMap<>();
      costs.forEach((design, list) -> copy.put(design, List.copyOf(list)));
      costs = Collections.unmodifiableSortedMap(copy);
      if (sparsities.isEmpty() || copy.isEmpty() || tokens < 1 || outputs < 1 || inputs < 1) {
        throw new IllegalArgumentException("a row without sparsities, designs or sizes");
      }
      for (int i = 0; i < sparsities.size(); i++) {
        double s = sparsities.get(i);
        if (!(s >= 0 && s <= 1) || (i > 0 && s <= sparsities.get(i - 1))) {
          throw new IllegalArgumentException("sparsities " + sparsities + " do not rise in 0 to 1");
        }
      }
      for (Map.Entry<String, List<Double>> design : copy.entrySet()) {
        if (design.getValue().size() != sparsities.size()
            || design.getValue().stream().anyMatch(c -> !(c > 0 && c < Double.MAX_VALUE))) {
          throw new IllegalArgumentException(
              "costs of '%s' are %s; allowed: %d positive numbers"
                  .formatted(design.getKey(), design.getValue(), sparsities.size()));
        }
      }
    }

    /** Costs at a sparsity, linear between the measured ones. */
    SortedMap<String, Double> at(double sparsity) {
      int above = 0;
      while (above < sparsities.size() - 1 && sparsities.get(above) < sparsity) {
        above++;
      }
      int below = Math.max(0, above - 1);
      double span = sparsities.get(above) - sparsities.get(below);
      double part =
          span == 0 ? 0 : Math.max(0, Math.min(1, (sparsity - sparsities.get(below)) / span));
      int low = below;
      int high = above;
      SortedMap<String, Double> result = new TreeMap<>();
      costs.forEach(
          (design, list) ->
              result.put(design, list.get(low) + part * (list.get(high) - list.get(low))));
      return result;
    }
  }

  /**
   * Copies the rows.
   *
   * @throws IllegalArgumentException if the name is none or there are no rows
   */
  public CostTable {
    rows = List.copyOf(rows);
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "profile '%s'; allowed: small letters, digits and -, at most 64".formatted(name));
    }
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("profile '%s' has no rows".formatted(name));
    }
  }

  /**
   * A profile by its name, from those that come with Sparseland, or by the path of its file, which
   * ends in {@code .json}.
   *
   * @throws IllegalArgumentException if there is none
   * @throws FormatException if the file is not sound
   */
  public static CostTable of(String nameOrPath) {
    if (nameOrPath.endsWith(".json")) {
      Path file = Path.of(nameOrPath);
      return read(nameOrPath, RegularFile.readOwn(file, MAX_BYTES));
    }
    String resource = "/io/sparseland/kernels/profiles/" + nameOrPath + ".json";
    try (InputStream in =
        NAME.matcher(nameOrPath).matches() ? CostTable.class.getResourceAsStream(resource) : null) {
      if (in == null) {
        throw new IllegalArgumentException(
            "no profile '%s'; allowed: 'generic', 'zen4-avx512', or a path that ends in .json"
                .formatted(nameOrPath));
      }
      return read(resource, in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(resource + " cannot be read", e);
    }
  }

  /** Reads a profile. */
  static CostTable read(String file, byte[] bytes) {
    Json document = Json.parse(file, bytes);
    Json.Fields fields = document.fields();
    Json format = fields.take("format");
    if (!format.string().equals(FORMAT)) {
      throw format.fault("\"" + FORMAT + "\"");
    }
    fields.take("version").whole(VERSION, VERSION);
    try {
      CostTable table =
          new CostTable(
              fields.take("name").string(),
              fields.take("machine").string(),
              fields.take("rows").list().stream().map(CostTable::row).toList());
      fields.end();
      return table;
    } catch (IllegalArgumentException e) {
      throw document.fault(String.valueOf(e.getMessage()), "a sound profile");
    }
  }

  private static Row row(Json json) {
    Json.Fields fields = json.fields();
    Json type = fields.take("type");
    SortedMap<String, List<Double>> costs = new TreeMap<>();
    fields
        .take("costs")
        .fields()
        .rest()
        .forEach((design, list) -> costs.put(design, numbers(list)));
    try {
      Row row =
          new Row(
              WeightType.valueOf(type.string().toUpperCase(Locale.ROOT)),
              fields.take("pattern").string(),
              (int) fields.take("tokens").whole(1, Integer.MAX_VALUE),
              (int) fields.take("outputs").whole(1, Integer.MAX_VALUE),
              (int) fields.take("inputs").whole(1, Integer.MAX_VALUE),
              numbers(fields.take("sparsities")),
              costs);
      fields.end();
      return row;
    } catch (IllegalArgumentException e) {
      throw json.fault(String.valueOf(e.getMessage()), "a sound row");
    }
  }

  private static List<Double> numbers(Json json) {
    return json.list().stream().map(Json::number).toList();
  }

  /** The text of the file; numbers with four digits behind the point. */
  public String toJson() {
    StringWriter text = new StringWriter();
    var printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.setPrettyPrinter(printer);
      json.writeStartObject();
      json.writeStringField("format", FORMAT);
      json.writeNumberField("version", VERSION);
      json.writeStringField("name", name);
      json.writeStringField("machine", machine);
      json.writeArrayFieldStart("rows");
      for (Row row : rows) {
        json.writeStartObject();
        json.writeStringField("type", row.type().name().toLowerCase(Locale.ROOT));
        json.writeStringField("pattern", row.pattern());
        json.writeNumberField("tokens", row.tokens());
        json.writeNumberField("outputs", row.outputs());
        json.writeNumberField("inputs", row.inputs());
        numbers(json, "sparsities", row.sparsities());
        json.writeObjectFieldStart("costs");
        for (Map.Entry<String, List<Double>> design : row.costs().entrySet()) {
          numbers(json, design.getKey(), design.getValue());
        }
        json.writeEndObject();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter does not fail
    }
    return text.append('\n').toString();
  }

  private static void numbers(JsonGenerator json, String name, List<Double> numbers)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (double number : numbers) {
      json.writeNumber(String.format(Locale.ROOT, "%.4f", number));
    }
    json.writeEndArray();
  }

  /**
   * What patterns of a convolution's rows begin with: {@code "conv 1x1 "} or {@code "conv 3x3 "}.
   */
  public static String family(ConvShape window) {
    return window.kernelH() * window.kernelW() == 1 ? "conv 1x1 " : "conv 3x3 ";
  }

  /**
   * Costs by design, from the nearest row: same type and family; the pattern itself, else the
   * largest block of the table that tiles it, else {@value #UNSTRUCTURED}; then the nearest number
   * of tokens, then the nearest number of weights, both by ratio; linear in the sparsity between
   * measured points.
   *
   * @throws IllegalArgumentException if the table has no row for the type
   */
  public SortedMap<String, Double> costs(
      WeightType type, String pattern, int tokens, double weights, double sparsity) {
    String family = pattern.substring(0, pattern.lastIndexOf(' ') + 1);
    String own = pattern.substring(family.length());
    List<Row> sameType = rows.stream().filter(r -> r.type() == type).toList();
    String nearest =
        sameType.stream()
            .filter(row -> row.pattern().startsWith(family))
            .map(row -> row.pattern().substring(family.length()))
            .filter(known -> tiles(known, own))
            .max(Comparator.comparingInt(CostTable::area).thenComparing(k -> k.equals(own)))
            .orElse(UNSTRUCTURED);
    return sameType.stream()
        .filter(row -> row.pattern().equals(family + nearest))
        .min(
            Comparator.<Row>comparingDouble(row -> distance(row.tokens(), tokens))
                .thenComparingDouble(
                    row -> distance((double) row.outputs() * row.inputs(), weights)))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "profile '%s' has no row for %s %s".formatted(name, type, nearest)))
        .at(sparsity);
  }

  private static double distance(double a, double b) {
    return Math.abs(Math.log(a / b));
  }

  /** Whether a mask of the one pattern is also one of the other. */
  private static boolean tiles(String known, String pattern) {
    Matcher small = BLOCK.matcher(known);
    Matcher large = BLOCK.matcher(pattern);
    return known.equals(pattern)
        || known.equals(UNSTRUCTURED)
        || (small.matches()
            && large.matches()
            && Integer.parseInt(large.group(1)) % Integer.parseInt(small.group(1)) == 0
            && Integer.parseInt(large.group(2)) % Integer.parseInt(small.group(2)) == 0);
  }

  private static int area(String pattern) {
    Matcher block = BLOCK.matcher(pattern);
    return block.matches()
        ? Integer.parseInt(block.group(1)) * Integer.parseInt(block.group(2))
        : 1;
  }
}
