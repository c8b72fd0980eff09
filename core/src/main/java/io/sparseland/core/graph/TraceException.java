// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

/** A block that cannot be traced; the message names block and operation. */
public final class TraceException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  /** A refusal with its reason. */
  public TraceException(String message) {
    super(message);
  }

  TraceException(String message, Throwable cause) {
    super(message, cause);
  }
}
