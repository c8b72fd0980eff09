// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

/** An argument that stands for an array. */
public sealed interface Reference extends Argument
    permits Argument.Input, Argument.Result, Argument.ParameterRef, Argument.Constant {}
