// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import com.fasterxml.jackson.core.JsonGenerator;
import io.sparseland.kernels.Activation;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.PoolShape;
import io.sparseland.kernels.ReduceOp;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.graph.Op;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** An operation as fields of a JSON object: {@code op} is its kind, the others its attributes. */
final class OpJson {

  private OpJson() {}

  static void write(JsonGenerator json, Op op) throws IOException {
    json.writeStringField("op", op.kind());
    if (op instanceof Op.Linear linear) {
      weight(json, linear.weight(), linear.bias(), linear.activation());
    } else if (op instanceof Op.Conv2d conv) {
      weight(json, conv.weight(), conv.bias(), conv.activation());
      ConvShape s = conv.shape();
      numbers(json, "kernel", List.of(s.kernelH(), s.kernelW()));
      numbers(json, "stride", List.of(s.strideH(), s.strideW()));
      numbers(json, "padding", List.of(s.padH(), s.padW()));
      numbers(json, "dilation", List.of(s.dilationH(), s.dilationW()));
      json.writeNumberField("groups", s.groups());
    } else if (op instanceof Op.Pool2d pool) {
      PoolShape s = pool.shape();
      json.writeStringField("pooling", name(s.kind()));
      numbers(json, "kernel", List.of(s.kernelH(), s.kernelW()));
      numbers(json, "stride", List.of(s.strideH(), s.strideW()));
      numbers(json, "padding", List.of(s.padH(), s.padW()));
      json.writeBooleanField("ceil", s.ceil());
      json.writeBooleanField("count_padding", s.countPadding());
    } else if (op instanceof Op.LayerNorm norm) {
      json.writeStringField("scale", norm.scale());
      json.writeStringField("shift", norm.shift());
      float32(json, "epsilon", norm.epsilon());
    } else if (op instanceof Op.ChannelAffine affine) {
      json.writeStringField("scale", affine.scale());
      json.writeStringField("shift", affine.shift());
    } else if (op instanceof Op.Embedding embedding) {
      json.writeStringField("table", embedding.table());
    } else if (op instanceof Op.Constant constant) {
      json.writeStringField("tensor", constant.tensor());
    } else {
      writeWithoutTensors(json, op);
    }
  }

  private static void writeWithoutTensors(JsonGenerator json, Op op) throws IOException {
    if (op instanceof Op.Unary unary) {
      json.writeStringField("function", name(unary.op()));
      float32(json, "p0", unary.p0());
      float32(json, "p1", unary.p1());
    } else if (op instanceof Op.Binary binary) {
      json.writeStringField("function", name(binary.op()));
    } else if (op instanceof Op.BinaryScalar scalar) {
      json.writeStringField("function", name(scalar.op()));
      float32(json, "value", scalar.value());
      json.writeBooleanField("scalar_first", scalar.scalarFirst());
    } else if (op instanceof Op.Softmax softmax) {
      json.writeNumberField("axis", softmax.axis());
      json.writeBooleanField("log", softmax.log());
    } else if (op instanceof Op.Reshape reshape) {
      json.writeFieldName("shape");
      GraphJson.sizes(json, reshape.shape());
    } else if (op instanceof Op.Transpose transpose) {
      numbers(json, "permutation", transpose.permutation());
    } else if (op instanceof Op.Concat concat) {
      json.writeNumberField("axis", concat.axis());
    } else if (op instanceof Op.Slice slice) {
      json.writeNumberField("axis", slice.axis());
      json.writeFieldName("begin");
      GraphJson.size(json, slice.begin());
      json.writeFieldName("end");
      GraphJson.size(json, slice.end());
      json.writeNumberField("step", slice.step());
    } else if (op instanceof Op.Reduce reduce) {
      json.writeStringField("function", name(reduce.op()));
      numbers(json, "axes", reduce.axes());
      json.writeBooleanField("keep", reduce.keep());
    } else if (!(op instanceof Op.MatMul)) {
      throw new AssertionError("no JSON form for " + op);
    }
  }

  /** Takes the operation's fields and leaves the others. */
  static Op read(Json.Fields fields) {
    Json kind = fields.take("op");
    return switch (kind.string()) {
      case "linear" ->
          new Op.Linear(fields.take("weight").string(), bias(fields), activation(fields));
      case "conv2d" ->
          new Op.Conv2d(
              fields.take("weight").string(),
              bias(fields),
              activation(fields),
              convolution(fields));
      case "pool2d" -> new Op.Pool2d(pooling(fields));
      case "layer_norm" ->
          new Op.LayerNorm(
              fields.take("scale").string(),
              fields.take("shift").string(),
              fields.take("epsilon").float32());
      case "channel_affine" ->
          new Op.ChannelAffine(fields.take("scale").string(), fields.take("shift").string());
      case "unary" ->
          new Op.Unary(
              fields.take("function").constant(UnaryOp.class),
              fields.take("p0").float32(),
              fields.take("p1").float32());
      case "binary" -> new Op.Binary(fields.take("function").constant(BinaryOp.class));
      case "binary_scalar" ->
          new Op.BinaryScalar(
              fields.take("function").constant(BinaryOp.class),
              fields.take("value").float32(),
              fields.take("scalar_first").bool());
      case "softmax" -> new Op.Softmax(fields.take("axis").integer(), fields.take("log").bool());
      case "reshape" -> new Op.Reshape(GraphJson.readSizes(fields.take("shape")));
      case "transpose" -> new Op.Transpose(numbers(fields.take("permutation")));
      case "embedding" -> new Op.Embedding(fields.take("table").string());
      case "matmul" -> new Op.MatMul();
      case "concat" -> new Op.Concat(fields.take("axis").integer());
      case "slice" ->
          new Op.Slice(
              fields.take("axis").integer(),
              GraphJson.readSize(fields.take("begin")),
              GraphJson.readSize(fields.take("end")),
              fields.take("step").integer());
      case "reduce" ->
          new Op.Reduce(
              fields.take("function").constant(ReduceOp.class),
              numbers(fields.take("axes")),
              fields.take("keep").bool());
      case "constant" -> new Op.Constant(fields.take("tensor").string());
      default -> throw kind.fault("an operation of this version of the format");
    };
  }

  private static void weight(
      JsonGenerator json, String weight, Optional<String> bias, Activation activation)
      throws IOException {
    json.writeStringField("weight", weight);
    if (bias.isPresent()) {
      json.writeStringField("bias", bias.get());
    }
    json.writeStringField("activation", name(activation));
  }

  private static Optional<String> bias(Json.Fields fields) {
    return Optional.ofNullable(fields.optional("bias")).map(Json::string);
  }

  private static Activation activation(Json.Fields fields) {
    return fields.take("activation").constant(Activation.class);
  }

  private static ConvShape convolution(Json.Fields fields) {
    List<Integer> kernel = pair(fields.take("kernel"));
    List<Integer> stride = pair(fields.take("stride"));
    List<Integer> padding = pair(fields.take("padding"));
    List<Integer> dilation = pair(fields.take("dilation"));
    return new ConvShape(
        kernel.get(0),
        kernel.get(1),
        stride.get(0),
        stride.get(1),
        padding.get(0),
        padding.get(1),
        dilation.get(0),
        dilation.get(1),
        fields.take("groups").integer());
  }

  private static PoolShape pooling(Json.Fields fields) {
    PoolShape.Kind kind = fields.take("pooling").constant(PoolShape.Kind.class);
    List<Integer> kernel = pair(fields.take("kernel"));
    List<Integer> stride = pair(fields.take("stride"));
    List<Integer> padding = pair(fields.take("padding"));
    return new PoolShape(
        kind,
        kernel.get(0),
        kernel.get(1),
        stride.get(0),
        stride.get(1),
        padding.get(0),
        padding.get(1),
        fields.take("ceil").bool(),
        fields.take("count_padding").bool());
  }

  private static List<Integer> pair(Json json) {
    List<Integer> pair = numbers(json);
    if (pair.size() != 2) {
      throw json.fault(pair.size() + " numbers", "two: vertical, horizontal");
    }
    return pair;
  }

  private static List<Integer> numbers(Json json) {
    return json.list().stream().map(Json::integer).toList();
  }

  private static void numbers(JsonGenerator json, String name, List<Integer> numbers)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (int number : numbers) {
      json.writeNumber(number);
    }
    json.writeEndArray();
  }

  private static void float32(JsonGenerator json, String name, float value) throws IOException {
    if (Float.isNaN(value)) {
      throw new IllegalArgumentException(name + " is NaN; allowed: a number");
    }
    if (Float.isInfinite(value)) {
      json.writeStringField(name, value > 0 ? "inf" : "-inf");
    } else {
      json.writeFieldName(name);
      json.writeNumber(value);
    }
  }

  private static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
