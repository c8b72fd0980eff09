// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The pictures of a report, as SVG to be put into HTML. */
final class Charts {

  private static final int WIDTH = 720;
  private static final int HEIGHT = 320;

  private Charts() {}

  /** Loss and accuracy over steps; empty if nothing was trained. */
  static String training(List<Report.CurvePoint> curve) {
    if (curve.isEmpty()) {
      return "";
    }
    XYChart chart =
        new XYChartBuilder().width(WIDTH).height(HEIGHT).xAxisTitle("step").yAxisTitle("").build();
    chart
        .addSeries(
            "loss",
            curve.stream().mapToDouble(Report.CurvePoint::step).toArray(),
            curve.stream().mapToDouble(Report.CurvePoint::loss).toArray())
        .setMarker(SeriesMarkers.NONE);
    List<Report.CurvePoint> tested = curve.stream().filter(p -> p.accuracy() != null).toList();
    if (!tested.isEmpty()) {
      chart.addSeries(
          "accuracy",
          tested.stream().mapToDouble(Report.CurvePoint::step).toArray(),
          tested.stream().mapToDouble(p -> p.accuracy() == null ? 0 : p.accuracy()).toArray());
    }
    return svg(chart);
  }

  /** Share of weights kept per layer. */
  static String density(List<Report.LayerRow> layers) {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .xAxisTitle("layer")
            .yAxisTitle("density")
            .build();
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisMax(1.0);
    chart.addSeries(
        "density",
        layers.stream().map(Report.LayerRow::name).toList(),
        layers.stream().map(Report.LayerRow::density).toList());
    return svg(chart);
  }

  /** Speedup per row; empty if nothing was measured. */
  static String speedup(List<BenchRow> rows) {
    if (rows.isEmpty()) {
      return "";
    }
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .xAxisTitle("batch x threads")
            .yAxisTitle("times as fast as dense")
            .build();
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setYAxisMin(0.0);
    chart.addSeries(
        "speedup",
        rows.stream().map(r -> r.batch() + " x " + r.threads()).toList(),
        rows.stream().map(BenchRow::speedup).toList());
    return svg(chart);
  }

  @SuppressWarnings("deprecation") // the only way to SVG that xchart has
  private static String svg(Chart<?, ?> chart) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      VectorGraphicsEncoder.saveVectorGraphic(chart, bytes, VectorGraphicsFormat.SVG);
    } catch (IOException e) {
      throw new IllegalStateException(e); // writing to memory
    }
    String svg = bytes.toString(StandardCharsets.UTF_8);
    return svg.substring(svg.indexOf("<svg"));
  }
}
