// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.List;

/**
 * One weight that can be pruned.
 *
 * <p>Two layers are equal when they have the same name and the same live parameter.
 */
public final class Layer {

  private final String name;
  private final List<String> aliases;
  private final LayerType type;
  private final Geometry geometry;
  private final Parameter parameter;

  private Layer(
      String name, List<String> aliases, LayerType type, Geometry geometry, Parameter parameter) {
    this.name = name;
    this.aliases = List.copyOf(aliases);
    this.type = type;
    this.geometry = geometry;
    this.parameter = parameter;
  }

  /** A layer with one name. */
  public static Layer of(String name, LayerType type, Geometry geometry, Parameter parameter) {
    return of(name, List.of(), type, geometry, parameter);
  }

  /**
   * A layer.
   *
   * @param name dotted, stable across runs
   * @param aliases further names when the weight is tied
   * @param type what it does
   * @param geometry its matrix form
   * @param parameter the live parameter
   * @throws IllegalArgumentException when parameter and geometry differ in size
   */
  public static Layer of(
      String name, List<String> aliases, LayerType type, Geometry geometry, Parameter parameter) {
    Shape shape = parameter.getShape();
    if (shape.size() != geometry.size()) {
      throw new IllegalArgumentException(
          "layer '%s': weight %s has %d values, its geometry %s has %d"
              .formatted(name, shape, shape.size(), geometry, geometry.size()));
    }
    return new Layer(name, aliases, type, geometry, parameter);
  }

  /** Dotted name, stable across runs, e.g. {@code encoder.0.attention.query}. */
  public String name() {
    return name;
  }

  /** Further names of a tied weight, in forward order; empty for most. */
  public List<String> aliases() {
    return aliases;
  }

  /** What it does. */
  public LayerType type() {
    return type;
  }

  /** Its matrix form. */
  public Geometry geometry() {
    return geometry;
  }

  /** The live parameter. */
  public Parameter parameter() {
    return parameter;
  }

  /**
   * The live weight as {@code [out, in]}.
   *
   * <p>A new view of the parameter's storage without gradient: in-place operations on it change the
   * weight. Call it inside an {@link ai.djl.ndarray.NDScope}, or close it; the storage stays.
   */
  public NDArray weight() {
    NDArray view = parameter.getArray().stopGradient();
    Shape matrix = new Shape(geometry.out(), geometry.in());
    if (view.getShape().equals(matrix)) {
      return view;
    }
    try (view) {
      return view.reshape(matrix); // [out, in]
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Layer layer
        && layer.parameter == parameter
        && layer.name.equals(name)
        && layer.type == type
        && layer.geometry.equals(geometry);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name + " " + type + " " + parameter.getShape();
  }
}
