// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

/** A file that does not hold what it should. The message names file, place, found and allowed. */
public final class FormatException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Place of something that has no offset. */
  public static final long NOWHERE = -1;

  /**
   * A file that breaks its format.
   *
   * @param file path of the file
   * @param offset byte in the file, or {@link #NOWHERE}
   * @param found what is there
   * @param allowed what may be there
   */
  public FormatException(String file, long offset, String found, String allowed) {
    super(message(file, offset, found, allowed));
  }

  /** The same with the exception that told. */
  public FormatException(String file, long offset, String found, String allowed, Throwable cause) {
    super(message(file, offset, found, allowed), cause);
  }

  private static String message(String file, long offset, String found, String allowed) {
    String place = offset < 0 ? "" : " at byte " + offset;
    return "%s%s: found %s; allowed: %s".formatted(file, place, found, allowed);
  }
}
