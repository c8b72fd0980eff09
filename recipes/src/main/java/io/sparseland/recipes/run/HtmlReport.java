// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import gg.jte.output.StringOutput;
import java.util.Map;

/** The report as one HTML file that needs nothing beside it. */
final class HtmlReport {

  private HtmlReport() {}

  static String of(Report report) {
    System.setProperty("java.awt.headless", "true");
    StringOutput out = new StringOutput();
    TemplateEngine.createPrecompiled(ContentType.Html)
        .render(
            "report.jte",
            Map.of(
                "report",
                report,
                "training",
                Charts.training(report.curve()),
                "density",
                Charts.density(report.layers()),
                "speedup",
                Charts.speedup(report.bench())),
            out);
    return out.toString();
  }
}
