// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.Tracer;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.Provenance;
import io.sparseland.kernels.runtime.SparseModel;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rule of the table against DJL, on the operation alone. */
class RulesTest {

  /** One operation on a fixed input shape. */
  private record Case(String name, Shape shape, UnaryOperator<NDArray> function) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Case of(String name, UnaryOperator<NDArray> function) {
    return new Case(name, new Shape(2, 3, 4), function);
  }

  private static Case image(String name, UnaryOperator<NDArray> function) {
    return new Case(name, new Shape(2, 2, 7, 6), function);
  }

  private static NDArray ramp(NDArray like, long... shape) {
    Shape s = new Shape(shape);
    float[] values = new float[(int) s.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7 % 11 - 5) / 8f;
    }
    return like.getManager().create(values, s);
  }

  private static NDArray positive(NDArray x) {
    return x.abs().add(0.5f);
  }

  private static Stream<Case> unary() {
    return Stream.of(
        of("relu", Activation::relu),
        of("sigmoid", Activation::sigmoid),
        of("tanh", Activation::tanh),
        of("gelu", Activation::gelu),
        of("softPlus", Activation::softPlus),
        of("softSign", Activation::softSign),
        of("leakyRelu", x -> Activation.leakyRelu(x, 0.2f)),
        of("elu", x -> Activation.elu(x, 0.7f)),
        of("selu", Activation::selu),
        of("swish", x -> Activation.swish(x, 1f)),
        of("swish with beta", x -> Activation.swish(x, 1.7f)),
        of("mish", Activation::mish),
        of("erf", NDArray::erf),
        of("sqrt", x -> positive(x).sqrt()),
        of("exp", NDArray::exp),
        of("log", x -> positive(x).log()),
        of("neg", NDArray::neg),
        of("negi", x -> x.add(1).negi()),
        of("abs", NDArray::abs),
        of("square", NDArray::square),
        of("clip", x -> x.clip(-0.3, 0.4)));
  }

  private static Stream<Case> binary() {
    return Stream.of(
        of("add", x -> x.add(ramp(x, 3, 1))),
        of("add a number", x -> x.add(2)),
        of("addi", x -> x.mul(2).addi(x)),
        of("sub", x -> x.sub(ramp(x, 4))),
        of("subi", x -> x.mul(2).subi(1.5)),
        of("mul", x -> x.mul(x.square())),
        of("muli", x -> x.add(1).muli(ramp(x, 1, 3, 4))),
        of("div", x -> ramp(x, 3, 4).div(positive(x))),
        of("divi", x -> x.add(1).divi(4)),
        of("pow", x -> positive(x).pow(1.5)),
        of("powi", x -> positive(x).powi(2)),
        of("maximum", x -> x.maximum(0.1)),
        of("minimum", x -> x.minimum(ramp(x, 4))),
        of("rsub", x -> x.getNDArrayInternal().rsub(1)),
        of("rsubi", x -> x.add(1).getNDArrayInternal().rsubi(2)),
        of("rdiv", x -> positive(x).getNDArrayInternal().rdiv(3)),
        of("rpow", x -> x.getNDArrayInternal().rpow(2)),
        of("scalar array", x -> x.mul(x.getManager().create(0.25f))),
        of("scalar array first", x -> x.getManager().create(2f).sub(x)));
  }

  private static Stream<Case> movement() {
    return Stream.of(
        of("reshape", x -> x.reshape(-1, 12)),
        of("flatten", x -> x.flatten(1, 2)),
        of("expandDims", x -> x.expandDims(1)),
        of("squeeze", x -> x.reshape(-1, 1, 12).squeeze(1)),
        of("transpose", x -> x.transpose(0, 2, 1)),
        of("transpose all", NDArray::transpose),
        of("swapAxes", x -> x.swapAxes(1, 2)),
        of("concat", x -> x.concat(x.neg(), 2)),
        of("concat of a list", x -> ai.djl.ndarray.NDArrays.concat(new NDList(x, x, x.neg()), 1)),
        of("stack", x -> x.stack(x.neg(), 1)),
        of("split", x -> x.split(new long[] {1, 3}, 2).get(1)),
        of("split in equal parts", x -> x.split(3, 1).get(2)),
        of("duplicate", x -> x.duplicate().add(1)),
        of("stopGradient", x -> x.stopGradient().add(1)),
        of("toDevice", x -> x.toDevice(x.getDevice(), true).add(1)),
        of("toType", x -> x.toType(DataType.FLOAT32, false).add(1)),
        of("get", x -> x.get(":, 1")),
        of("get from the end", x -> x.get(":, -1, 1:-1")),
        of("get with step", x -> x.get("..., ::2")),
        of("embedding", RulesTest::lookUp));
  }

  /** Ids from the input: floor(|x|) is not an operation, so the comparison is of rows 0 to 2. */
  private static NDArray lookUp(NDArray x) {
    NDArray ids = x.mul(0).toType(DataType.INT64, false);
    return x.getNDArrayInternal().embedding(ids, ramp(x, 3, 5), SparseFormat.DENSE).head();
  }

  private static Stream<Case> reduction() {
    return Stream.of(
        of("sum", x -> x.sum(new int[] {1})),
        of("sum of all", x -> x.sum().add(x.mul(0))),
        of("mean", x -> x.mean(new int[] {-2}, true)),
        of("max", x -> x.max(new int[] {2})),
        of("min", x -> x.min(new int[] {1}, true)),
        of("softmax", x -> x.softmax(1)),
        of("softmax from the end", x -> x.softmax(-1)),
        of("logSoftmax", x -> x.logSoftmax(2)),
        image("globalAvgPool", x -> x.getNDArrayInternal().globalAvgPool()),
        image("globalMaxPool", x -> x.getNDArrayInternal().globalMaxPool()));
  }

  private static Stream<Case> product() {
    return Stream.of(
        of("linear", x -> x.getNDArrayInternal().linear(x, ramp(x, 5, 4), ramp(x, 5)).head()),
        of("linear with a computed weight", RulesTest::computedWeight),
        of("matMul", x -> x.matMul(x.transpose(0, 2, 1))),
        of("matMul with a constant", x -> x.matMul(ramp(x, 4, 2))),
        of("batchMatMul", x -> x.batchMatMul(x.transpose(0, 2, 1))),
        of("dot", x -> x.reshape(-1, 12).dot(ramp(x, 12, 3))),
        image("convolution", x -> convolution(x, ramp(x, 4, 2, 3, 3), new Shape(2, 1), 1)),
        image("grouped convolution", x -> convolution(x, ramp(x, 4, 1, 3, 3), new Shape(1, 1), 2)),
        of("convolution over a line", RulesTest::line),
        image("maxPool", x -> pool(x, true, false)),
        image("maxPool with ceil", x -> pool(x, true, true)),
        image("avgPool", x -> pool(x, false, false)),
        of("maxPool over a line", RulesTest::poolLine));
  }

  private static NDArray computedWeight(NDArray x) {
    NDArray weight = x.mean(new int[] {0}).mul(0).add(ramp(x, 3, 4)); // [3, 4], of the input
    return x.getNDArrayInternal().linear(x, weight, ramp(x, 3)).head();
  }

  private static NDArray convolution(NDArray x, NDArray weight, Shape stride, int groups) {
    return x.getNDArrayInternal()
        .convolution(x, weight, ramp(x, 4), stride, new Shape(1, 0), new Shape(1, 1), groups)
        .head();
  }

  private static NDArray line(NDArray x) {
    return x.getNDArrayInternal()
        .convolution(x, ramp(x, 2, 3, 2), ramp(x, 2), new Shape(1), new Shape(1), new Shape(1), 1)
        .head();
  }

  private static NDArray pool(NDArray x, boolean max, boolean ceil) {
    Shape kernel = new Shape(3, 2);
    Shape stride = new Shape(2, 2);
    Shape padding = new Shape(1, 1);
    return max
        ? x.getNDArrayInternal().maxPool(kernel, stride, padding, ceil)
        : x.getNDArrayInternal().avgPool(kernel, stride, padding, ceil, true);
  }

  private static NDArray poolLine(NDArray x) {
    return x.getNDArrayInternal().maxPool(new Shape(2), new Shape(2), new Shape(0), false);
  }

  private static Stream<Case> norm() {
    return Stream.of(
        of("batchNorm", x -> batchNorm(x, 3, 1)),
        of("batchNorm over the last axis", x -> batchNorm(x, 4, 2)),
        of("layerNorm", x -> layerNorm(x, 4)),
        of("layerNorm over two axes", x -> layerNorm(x, 3, 4)),
        of("dropout", x -> x.getNDArrayInternal().dropout(x, 0.5f, false).head().add(1)));
  }

  private static NDArray batchNorm(NDArray x, int channels, int axis) {
    return x.getNDArrayInternal()
        .batchNorm(
            x,
            ramp(x, channels),
            positive(ramp(x, channels)),
            ramp(x, channels),
            ramp(x, channels).neg(),
            axis,
            0.9f,
            1e-5f,
            false)
        .head();
  }

  private static NDArray layerNorm(NDArray x, long... shape) {
    return x.getNDArrayInternal()
        .layerNorm(x, new Shape(shape), ramp(x, shape), ramp(x, shape).neg(), 1e-5f)
        .head();
  }

  private static Stream<Case> all() {
    return Stream.of(unary(), binary(), movement(), reduction(), product(), norm())
        .flatMap(cases -> cases);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("all")
  void computes_what_djl_computes(Case one) {
    Block block = new LambdaBlock(inputs -> new NDList(one.function.apply(inputs.head())));
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      block.initialize(manager, DataType.FLOAT32, one.shape);
      Graph graph = Tracer.trace(block, one.shape);
      NDArray probe = Exports.normal(manager, 5, one.shape.getShape());
      Comparison comparison = Comparison.prepare(block, graph, new NDList(probe), manager);
      Draft draft = Lowering.lower(graph, Map.of(), manager).simplified(Exporter.REWRITES);
      Assembly assembly = Assembly.of(draft, Map.of(), ExportOptions.Form.USUAL);
      Provenance provenance = new Provenance("case", "", 0, Map.of());

      try (SparseModel model =
          SparseModel.of(
              new ModelContent(draft.graph(), assembly.tensors(), provenance), Kernels.best())) {
        // two roundings of each element and of a short sum, in units of the largest output
        assertThat(comparison.check(model, Comparison.TOLERANCE).maxRelative()).isLessThan(3e-6);
      }
    }
  }

  @Test
  void has_a_case_for_every_rule() {
    Set<String> tested = new TreeSet<>();
    all().forEach(one -> tested.add(one.name.split(" ", 2)[0]));

    assertThat(tested).containsAll(Rules.names());
  }

  @Test
  void names_operation_and_place_of_what_it_cannot_lower() {
    Block block = new LambdaBlock(inputs -> new NDList(inputs.head().add(1).cumSum(1)));
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Shape shape = new Shape(2, 3);
      block.initialize(manager, DataType.FLOAT32, shape);
      Graph graph = Tracer.trace(block, shape);

      assertThatThrownBy(() -> Lowering.lower(graph, Map.of(), manager))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("operation 'cumSum'")
          .hasMessageContaining("RulesTest")
          .hasMessageContaining("no such operation");
    }
  }

  @Test
  void reads_the_new_value_after_an_operation_in_place() {
    Block block =
        new LambdaBlock(
            inputs -> {
              NDArray x = inputs.head().add(1);
              x.muli(3);
              return new NDList(x.add(x));
            });
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Shape shape = new Shape(2, 3);
      block.initialize(manager, DataType.FLOAT32, shape);
      Graph graph = Tracer.trace(block, shape);
      Draft draft = Lowering.lower(graph, Map.of(), manager);
      Provenance provenance = new Provenance("case", "", 0, Map.of());

      try (SparseModel model =
          SparseModel.of(
              new ModelContent(draft.graph(), java.util.List.of(), provenance), Kernels.best())) {
        float[] y = model.run(new float[] {0, 1, 2}, 1);

        assertThat(y).containsExactly(6, 12, 18); // 2 * 3 * (x + 1)
      }
    }
  }

  @Test
  void refuses_to_compute_with_ids() {
    Block block =
        new LambdaBlock(inputs -> new NDList(inputs.head().toType(DataType.INT64, false).mul(2)));
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Shape shape = new Shape(2, 3);
      block.initialize(manager, DataType.FLOAT32, shape);
      Graph graph = Tracer.trace(block, shape);

      assertThatThrownBy(() -> Lowering.lower(graph, Map.of(), manager))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("computes with integers");
    }
  }

  @Test
  void the_case_table_has_no_name_twice() {
    String[] names = all().map(Case::toString).toArray(String[]::new);

    assertThat(Arrays.stream(names).distinct()).hasSameSizeAs(names);
  }
}
