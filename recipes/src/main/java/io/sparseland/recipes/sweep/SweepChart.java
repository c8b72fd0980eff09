// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Quality against sparsity, one line a method; runs at the same point (seeds) are averaged. */
final class SweepChart {

  private static final int WIDTH = 960;
  private static final int HEIGHT = 540;
  private static final String SPARSITY = "sparsity";
  private static final double SAME = 1e3; // sparsities within a thousandth are one point
  private static final double LARGE_SPAN = 20; // of a perplexity: drawn on a logarithmic axis

  private SweepChart() {}

  /** A PNG file; empty where no two figures can be drawn against each other. */
  static Optional<byte[]> png(List<Row> rows) {
    Optional<String> quality = Quality.of(rows);
    List<Row> done = rows.stream().filter(row -> row.figure(SPARSITY).isPresent()).toList();
    if (quality.isEmpty() || done.isEmpty()) {
      return Optional.empty();
    }
    System.setProperty("java.awt.headless", "true");
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .xAxisTitle("sparsity")
            .yAxisTitle(quality.get())
            .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotBorderVisible(false);
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    chart.getStyler().setYAxisLogarithmic(span(done, quality.get()) > LARGE_SPAN);
    lines(done, quality.get())
        .forEach(
            (line, points) ->
                chart
                    .addSeries(
                        line.isEmpty() ? quality.get() : line,
                        points.keySet().stream().mapToDouble(x -> x / SAME).toArray(),
                        points.values().stream().mapToDouble(y -> y).toArray())
                    .setMarker(SeriesMarkers.CIRCLE));
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D canvas = image.createGraphics();
    chart.paint(canvas, WIDTH, HEIGHT);
    canvas.dispose();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e); // writing to memory
    }
    return Optional.of(bytes.toByteArray());
  }

  /** Line to thousandths of sparsity to mean quality. */
  static Map<String, SortedMap<Long, Double>> lines(List<Row> rows, String quality) {
    Map<String, SortedMap<Long, Double>> lines = new LinkedHashMap<>();
    for (Row row : rows) {
      lines.computeIfAbsent(
          row.line(),
          line ->
              rows.stream()
                  .filter(other -> other.line().equals(line))
                  .collect(
                      Collectors.groupingBy(
                          other -> Math.round(SAME * number(other, SPARSITY)),
                          TreeMap::new,
                          Collectors.averagingDouble(other -> number(other, quality)))));
    }
    return lines;
  }

  private static double span(List<Row> rows, String quality) {
    double low = rows.stream().mapToDouble(row -> number(row, quality)).min().orElse(1);
    double high = rows.stream().mapToDouble(row -> number(row, quality)).max().orElse(1);
    return low > 0 ? high / low : 1;
  }

  private static double number(Row row, String name) {
    return row.figure(name).map(Number::doubleValue).orElse(Double.NaN);
  }
}
