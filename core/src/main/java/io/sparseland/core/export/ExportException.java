// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

/**
 * A model that cannot be exported: an operation that the runtime does not have, weights that are
 * not finite or not zero where masked, or outputs that differ from DJL's. Nothing is left behind.
 */
public final class ExportException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** With a message that names block or layer, what was found and what is allowed. */
  public ExportException(String message) {
    super(message);
  }

  /** The same with the exception that told. */
  public ExportException(String message, Throwable cause) {
    super(message, cause);
  }
}
