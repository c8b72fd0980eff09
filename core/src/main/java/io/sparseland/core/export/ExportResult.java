// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import java.nio.file.Path;
import java.util.List;

/**
 * A finished export: written, read back, compared.
 *
 * @param directory the model directory
 * @param maxAbsError largest difference of an output element from DJL's, over all probes
 * @param maxRelativeError largest difference divided by the largest element of that output
 * @param bytesDense fp32 bytes of all parameters of the block
 * @param bytesSparse bytes of the files that are needed to run the model
 * @param layers every weight of a layer, in the order in which they are first read
 */
public record ExportResult(
    Path directory,
    double maxAbsError,
    double maxRelativeError,
    long bytesDense,
    long bytesSparse,
    List<LayerReport> layers) {

  /** Copies the list. */
  public ExportResult {
    layers = List.copyOf(layers);
  }
}
