// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The value, as YAML in flow style, of a setting that was left out. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {

  /** Flow-style YAML, for example {@code 64} or {@code [1, 32]}. */
  String value();
}
