// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.nn.Parameter;
import java.util.List;

/**
 * A parameter of the traced block.
 *
 * @param name dotted, stable name: the layer's name, a dot, the parameter's own name
 * @param layer dotted name of the layer it belongs to
 * @param aliases further dotted names when it is tied, without the first
 * @param layerAliases the layer's further names, one for each alias
 * @param parameter the live parameter
 */
public record NamedParameter(
    String name,
    String layer,
    List<String> aliases,
    List<String> layerAliases,
    Parameter parameter) {

  /** Copies the lists. */
  public NamedParameter {
    aliases = List.copyOf(aliases);
    layerAliases = List.copyOf(layerAliases);
  }
}
