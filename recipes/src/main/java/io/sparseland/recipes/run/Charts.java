// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The charts of a report; those that its run measured nothing for are left out. */
final class Charts {

  private static final Color DENSE = new Color(0xB8BEC6);
  private static final Color SPARSE = new Color(0x1F77B4);
  private static final Color TEXT = new Color(0x30363D);
  private static final Color GRID = new Color(0xE4E7EB);
  private static final int FONT = 12;
  private static final int MOST_LABELS = 12; // side by side
  private static final int WIDTH = 800;
  private static final int HEIGHT = 300;

  private Charts() {}

  /** Comparison with dense, training, layers: in this order, as far as there is something. */
  static List<Chart<?, ?>> of(Report report) {
    List<Chart<?, ?>> charts = new ArrayList<>();
    if (report.bytesSparse() != null) {
      charts.add(comparison(report, report.bytesSparse()));
    }
    if (!report.curve().isEmpty()) {
      charts.add(training(report.curve(), report.scores().getOrDefault("accuracy", 0.0)));
    }
    charts.add(density(report.layers()));
    return charts;
  }

  /** File and time per call of the exported model, in percent of the dense one's. */
  private static Chart<?, ?> comparison(Report report, long bytes) {
    List<String> what = new ArrayList<>();
    List<Double> sparse = new ArrayList<>();
    what.add("file");
    sparse.add(100.0 * bytes / report.bytesDense());
    for (BenchRow row : report.bench()) {
      what.add(
          "batch %d, %d %s"
              .formatted(row.batch(), row.threads(), row.threads() == 1 ? "thread" : "threads"));
      sparse.add(100 / row.speedup());
    }
    CategoryChart chart =
        new CategoryChartBuilder()
            .title(
                String.format(
                    Locale.ROOT,
                    "%s at %.1f %% sparsity: file and time per call, %% of dense DJL/PyTorch",
                    report.name(),
                    100 * report.sparsity()))
            .width(WIDTH)
            .height(HEIGHT)
            .build();
    style(chart.getStyler());
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    labels(chart.getStyler(), "0");
    chart.addSeries("dense", what, Collections.nCopies(what.size(), 100.0)).setFillColor(DENSE);
    chart.addSeries("sparse", what, sparse).setFillColor(SPARSE);
    return chart;
  }

  /** Loss and accuracy over steps. */
  private static Chart<?, ?> training(List<Report.CurvePoint> curve, double accuracy) {
    XYChart chart =
        new XYChartBuilder()
            .title(String.format(Locale.ROOT, "training: test accuracy %.4f", accuracy))
            .xAxisTitle("step")
            .width(WIDTH)
            .height(HEIGHT)
            .build();
    style(chart.getStyler());
    chart.getStyler().setLegendPosition(LegendPosition.OutsideS);
    chart.getStyler().setLegendLayout(LegendLayout.Horizontal);
    chart.getStyler().setYAxisMin(0.0);
    XYSeries loss =
        chart.addSeries(
            "loss",
            curve.stream().mapToDouble(Report.CurvePoint::step).toArray(),
            curve.stream().mapToDouble(Report.CurvePoint::loss).toArray());
    loss.setMarker(SeriesMarkers.NONE).setLineColor(DENSE).setLineStyle(new BasicStroke(1.5f));
    List<Report.CurvePoint> tested = curve.stream().filter(p -> p.accuracy() != null).toList();
    if (!tested.isEmpty()) {
      chart
          .addSeries(
              "accuracy",
              tested.stream().mapToDouble(Report.CurvePoint::step).toArray(),
              tested.stream().mapToDouble(p -> p.accuracy() == null ? 0 : p.accuracy()).toArray())
          .setMarker(SeriesMarkers.CIRCLE)
          .setMarkerColor(SPARSE)
          .setLineColor(SPARSE);
    }
    return chart;
  }

  /** Share of weights kept per layer. */
  private static Chart<?, ?> density(List<Report.LayerRow> layers) {
    CategoryChart chart =
        new CategoryChartBuilder().title("weights kept, %").width(WIDTH).height(HEIGHT).build();
    style(chart.getStyler());
    chart.getStyler().setLegendVisible(false);
    labels(chart.getStyler(), "0.#");
    chart.getStyler().setLabelsVisible(layers.size() <= MOST_LABELS);
    chart.getStyler().setXAxisMaxLabelCount(MOST_LABELS);
    chart
        .addSeries(
            "kept",
            layers.stream().map(Report.LayerRow::name).toList(),
            layers.stream().map(layer -> 100 * layer.density()).toList())
        .setFillColor(SPARSE);
    return chart;
  }

  /** Every bar with its number just above it. */
  private static void labels(CategoryStyler styler, String pattern) {
    styler.setLabelsVisible(true);
    styler.setLabelsPosition(1.06);
    styler.setLabelsFontColorAutomaticEnabled(false);
    styler.setLabelsFontColor(TEXT);
    styler.setDecimalPattern(pattern);
    styler.setYAxisMin(0.0);
  }

  private static void style(AxesChartStyler styler) {
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setChartFontColor(TEXT);
    styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, FONT + 2));
    styler.setChartTitleBoxVisible(false);
    styler.setPlotBorderVisible(false);
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setPlotGridLinesColor(GRID);
    styler.setLegendBorderColor(Color.WHITE);
    styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, FONT));
    styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, FONT));
    styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, FONT));
  }
}
