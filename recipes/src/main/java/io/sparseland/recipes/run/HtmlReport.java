// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import gg.jte.output.StringOutput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.internal.chartpart.Chart;

/** The report as one HTML file that needs nothing beside it. */
final class HtmlReport {

  private HtmlReport() {}

  static String of(Report report) {
    System.setProperty("java.awt.headless", "true");
    List<String> charts = Charts.of(report).stream().map(HtmlReport::svg).toList();
    StringOutput out = new StringOutput();
    TemplateEngine.createPrecompiled(ContentType.Html)
        .render("report.jte", Map.of("report", report, "charts", charts), out);
    return out.toString();
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
