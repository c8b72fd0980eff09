// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;
import org.knowm.xchart.internal.chartpart.Chart;

/** The charts of a report in one picture, two in a row; an odd first one has its row alone. */
final class Picture {

  private static final int WIDTH = 960;
  private static final int HEIGHT = 300;
  private static final double SCALE = 1.5; // legible on dense screens too

  private Picture() {}

  /** A PNG file. */
  static byte[] png(Report report) {
    System.setProperty("java.awt.headless", "true");
    List<Chart<?, ?>> charts = Charts.of(report);
    int odd = charts.size() % 2;
    int rows = odd + charts.size() / 2;
    BufferedImage image =
        new BufferedImage(
            (int) (SCALE * WIDTH), (int) (SCALE * HEIGHT * rows), BufferedImage.TYPE_INT_RGB);
    Graphics2D canvas = image.createGraphics();
    canvas.setColor(Color.WHITE);
    canvas.fillRect(0, 0, image.getWidth(), image.getHeight());
    canvas.scale(SCALE, SCALE);
    for (int i = 0; i < charts.size(); i++) {
      boolean alone = odd == 1 && i == 0;
      int column = alone ? 0 : (i - odd) % 2;
      int row = alone ? 0 : odd + (i - odd) / 2;
      int width = alone ? WIDTH : WIDTH / 2;
      Graphics2D part = (Graphics2D) canvas.create(column * width, row * HEIGHT, width, HEIGHT);
      charts.get(i).paint(part, width, HEIGHT);
      part.dispose();
    }
    canvas.dispose();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e); // writing to memory
    }
    return bytes.toByteArray();
  }
}
