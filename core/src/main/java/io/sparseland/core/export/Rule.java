// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import java.util.List;
import java.util.function.Function;

/** How one traced operation becomes nodes of the runtime's graph. */
@FunctionalInterface
interface Rule {

  /**
   * Emits nodes and gives one operand for each result of the operation.
   *
   * @throws ExportException if these arguments cannot be lowered
   */
  List<Operand> lower(Call call);

  /** A rule with one result. */
  static Rule of(Function<Call, Operand> one) {
    return call -> List.of(one.apply(call));
  }
}
