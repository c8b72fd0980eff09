// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a setting whose kind is itself a key of the surrounding mapping: {@code prune: {wanda: {},
 * calibrate: {}}} instead of {@code prune: {criterion: {wanda: {}}, calibrate: {}}}.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Choice {}
