// SPDX-License-Identifier: Apache-2.0
// oneDNN: dense, weights reordered once into the layout it asks for, inputs of the weights' type.
// "onednn" is the bare product (int8: u8 x s8 to s32), the strongest dense peer; for bf16 and int8
// "onednn-layer" starts from fp32 rows and ends in fp32, as our rows layout does.
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "oneapi/dnnl/dnnl.hpp"
#include "peer.h"

namespace bench {
namespace {

using dnnl::memory;
using Args = std::unordered_map<int, memory>;

struct Context {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
};

Context& context() {
  static Context one;
  return one;
}

memory::data_type weight_type(Type type) {
  return type == Type::kF32    ? memory::data_type::f32
         : type == Type::kBf16 ? memory::data_type::bf16
                               : memory::data_type::s8;
}

memory::data_type input_type(Type type) {
  return type == Type::kI8 ? memory::data_type::u8 : weight_type(type);
}

memory rows(memory::dims dims, memory::data_type type) {
  return memory(memory::desc(dims, type, memory::format_tag::ab), context().engine);
}

memory::desc input_desc(const Problem& p) {
  if (p.op.kind == Operation::kConv) {
    return memory::desc({p.shape.m / p.op.pixels(), p.op.channels, p.op.size, p.op.size},
                        input_type(p.type), memory::format_tag::nchw);
  }
  return memory::desc({p.shape.m, p.shape.k}, input_type(p.type), memory::format_tag::ab);
}

class Step {
 public:
  Step(dnnl::primitive primitive, Args args) : primitive_(primitive), args_(std::move(args)) {}
  void run() { primitive_.execute(context().stream, args_); }

 private:
  dnnl::primitive primitive_;
  Args args_;
};

class OneDnn : public OmpCandidate {
 public:
  OneDnn(std::string name, const Problem& p, int threads)
      : OmpCandidate(std::move(name), true, threads), p_(p) {
    omp_set_num_threads(threads);
    input_ = memory(input_desc(p), context().engine);
    fill_input();
  }

  void run() override {
    for (Step& step : steps_) step.run();
    context().stream.wait();
  }

  int64_t weight_bytes() const override { return weight_bytes_; }

 protected:
  void reordered(memory& plain, memory& packed) {
    dnnl::reorder(plain, packed).execute(context().stream, plain, packed);
    context().stream.wait();
    weight_bytes_ = packed.get_desc().get_size();
  }

  // w [n, k] as it is, of the type that is multiplied.
  memory plain_weights(memory::desc desc) {
    memory plain(desc, context().engine);
    const size_t count = p_.w.size();
    if (p_.type == Type::kI8) {
      std::memcpy(plain.get_data_handle(), p_.w8.data(), count);
    } else if (p_.type == Type::kF32) {
      std::memcpy(plain.get_data_handle(), p_.w.data(), count * sizeof(float));
    } else {
      auto* half = static_cast<uint16_t*>(plain.get_data_handle());
      for (size_t i = 0; i < count; ++i) half[i] = to_bf16(p_.w[i]);
    }
    return plain;
  }

  const Problem& p_;
  memory input_;
  std::vector<Step> steps_;

 private:
  void fill_input() {
    for (size_t i = 0; i < p_.x.size(); ++i) {
      if (p_.type == Type::kF32) {
        static_cast<float*>(input_.get_data_handle())[i] = p_.x[i];
      } else if (p_.type == Type::kBf16) {
        static_cast<uint16_t*>(input_.get_data_handle())[i] = to_bf16(p_.x[i]);
      } else {
        static_cast<uint8_t*>(input_.get_data_handle())[i] =
            static_cast<uint8_t>(std::lround(p_.x[i] / kInputScale) + 128);
      }
    }
  }

  int64_t weight_bytes_ = 0;
};

class Bare : public OneDnn {
 public:
  Bare(const Problem& p, int threads) : OneDnn("onednn", p, threads) {
    const auto& [m, n, k] = p.shape;
    const auto type = weight_type(p.type);
    output_ = rows({m, n}, p.type == Type::kI8 ? memory::data_type::s32 : memory::data_type::f32);
    dnnl::matmul::primitive_desc chosen(context().engine, input_.get_desc(),
                                        memory::desc({k, n}, type, memory::format_tag::any),
                                        output_.get_desc());
    memory plain = plain_weights(memory::desc({k, n}, type, memory::format_tag::ba));
    memory packed(chosen.weights_desc(), context().engine);
    reordered(plain, packed);
    steps_.push_back(
        {dnnl::matmul(chosen),
         {{DNNL_ARG_SRC, input_}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, output_}}});
  }

  double output(int64_t token, int64_t output) const override {
    const int64_t at = token * p_.shape.n + output;
    if (p_.type != Type::kI8) return static_cast<const float*>(output_.get_data_handle())[at];
    int64_t sum = 0;  // of weights: what the zero point 128 added
    for (int64_t j = 0; j < p_.shape.k; ++j) sum += p_.w8[output * p_.shape.k + j];
    const int64_t product = static_cast<const int32_t*>(output_.get_data_handle())[at];
    return static_cast<double>(product - 128 * sum) * p_.scales[output] * kInputScale;
  }

 private:
  memory output_;
};

// fp32 rows in and out; int8 with one known input scale.
class Layer : public OneDnn {
 public:
  Layer(const Problem& p, int threads) : OneDnn("onednn-layer", p, threads) {
    const auto& [m, n, k] = p.shape;
    const auto type = weight_type(p.type);
    output_ = rows({m, n}, memory::data_type::f32);
    memory raw = rows({m, k}, memory::data_type::f32);
    std::memcpy(raw.get_data_handle(), p.x.data(), p.x.size() * sizeof(float));
    const bool bytes = p.type == Type::kI8;
    dnnl::primitive_attr convert, multiply;
    Args convert_args{{DNNL_ARG_FROM, raw}, {DNNL_ARG_TO, input_}};
    Args multiply_args{{DNNL_ARG_SRC, input_}, {DNNL_ARG_DST, output_}};
    if (bytes) {
      memory scale = one(kInputScale), zero(vector(1, memory::data_type::s32), context().engine);
      *static_cast<int32_t*>(zero.get_data_handle()) = 128;
      memory scales(vector(n, memory::data_type::f32), context().engine);
      std::memcpy(scales.get_data_handle(), p.scales.data(), n * sizeof(float));
      convert.set_scales_mask(DNNL_ARG_DST, 0);
      convert.set_zero_points_mask(DNNL_ARG_DST, 0);
      convert_args.insert({DNNL_ARG_ATTR_SCALES | DNNL_ARG_DST, scale});
      convert_args.insert({DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, zero});
      multiply.set_scales_mask(DNNL_ARG_SRC, 0);
      multiply.set_zero_points_mask(DNNL_ARG_SRC, 0);
      multiply.set_scales_mask(DNNL_ARG_WEIGHTS, 1 << 1);
      multiply_args.insert({DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, scale});
      multiply_args.insert({DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, zero});
      multiply_args.insert({DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, scales});
    }
    dnnl::matmul::primitive_desc chosen(context().engine, input_.get_desc(),
                                        memory::desc({k, n}, type, memory::format_tag::any),
                                        output_.get_desc(), multiply);
    memory plain = plain_weights(memory::desc({k, n}, type, memory::format_tag::ba));
    memory packed(chosen.weights_desc(), context().engine);
    reordered(plain, packed);
    multiply_args.insert({DNNL_ARG_WEIGHTS, packed});
    dnnl::reorder::primitive_desc conversion(raw, input_, convert);
    steps_.push_back({dnnl::reorder(conversion), convert_args});
    steps_.push_back({dnnl::matmul(chosen), multiply_args});
  }

  double output(int64_t token, int64_t output) const override {
    return static_cast<const float*>(output_.get_data_handle())[token * p_.shape.n + output];
  }

 private:
  static memory::desc vector(int64_t size, memory::data_type type) {
    return memory::desc({size}, type, memory::format_tag::a);
  }

  static memory one(float value) {
    memory m(vector(1, memory::data_type::f32), context().engine);
    *static_cast<float*>(m.get_data_handle()) = value;
    return m;
  }

  memory output_;
};

class WeightGradient : public OneDnn {
 public:
  WeightGradient(const Problem& p, int threads) : OneDnn("onednn", p, threads) {
    const auto& [m, n, k] = p.shape;
    const auto f32 = memory::data_type::f32;
    memory dy(memory::desc({n, m}, f32, memory::format_tag::ba), context().engine);
    std::memcpy(dy.get_data_handle(), p.dy.data(), p.dy.size() * sizeof(float));
    output_ = rows({n, k}, f32);
    dnnl::matmul::primitive_desc chosen(context().engine, dy.get_desc(), input_.get_desc(),
                                        output_.get_desc());
    steps_.push_back({dnnl::matmul(chosen),
                      {{DNNL_ARG_SRC, dy}, {DNNL_ARG_WEIGHTS, input_}, {DNNL_ARG_DST, output_}}});
  }

  double output(int64_t row, int64_t column) const override {
    return static_cast<const float*>(output_.get_data_handle())[row * p_.shape.k + column];
  }

 private:
  memory output_;
};

// Direct convolution. "onednn": in the layouts that it asks for, reorders not charged.
// "onednn-nchw": from and to NCHW, as a layer of ours does, in the cheaper of two ways: through
// these layouts, or with NCHW given to it ("onednn-plain").
class Convolution : public OneDnn {
 public:
  Convolution(const char* name, const Problem& p, int threads) : OneDnn(name, p, threads) {
    const bool own = this->name == "onednn", plain = this->name == "onednn-plain";
    const auto& [m, n, k] = p.shape;
    const Operation& op = p.op;
    const int64_t images = m / op.pixels(), groups = op.groups;
    const auto f32 = memory::data_type::f32;
    const memory::dims sizes = {images, n, op.out_size(), op.out_size()};
    const memory::dims window = {groups, n / groups, op.channels / groups, op.kernel, op.kernel};
    const auto tag = plain ? memory::format_tag::nchw : memory::format_tag::any;
    const memory::dims stride = {op.stride, op.stride}, padding = {op.kernel / 2, op.kernel / 2};
    dnnl::convolution_forward::primitive_desc chosen(
        context().engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
        memory::desc(input_.get_desc().get_dims(), f32, tag),
        memory::desc(window, f32, memory::format_tag::any), memory::desc(sizes, f32, tag), stride,
        padding, padding);
    memory weights = plain_weights(memory::desc(window, f32, memory::format_tag::goihw));
    memory packed(chosen.weights_desc(), context().engine);
    reordered(weights, packed);
    output_ = memory(memory::desc(sizes, f32, memory::format_tag::nchw), context().engine);
    memory src(chosen.src_desc(), context().engine), dst(chosen.dst_desc(), context().engine);
    dnnl::reorder(input_, src).execute(context().stream, input_, src);
    context().stream.wait();
    if (!own) {
      steps_.push_back({dnnl::reorder(input_, src), {{DNNL_ARG_FROM, input_}, {DNNL_ARG_TO, src}}});
    }
    steps_.push_back({dnnl::convolution_forward(chosen),
                      {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, dst}}});
    if (!own) {
      steps_.push_back(
          {dnnl::reorder(dst, output_), {{DNNL_ARG_FROM, dst}, {DNNL_ARG_TO, output_}}});
    }
    if (plain) {
      steps_.erase(steps_.begin());
      steps_.pop_back();
    }
    dst_ = dst;
  }

  double output(int64_t token, int64_t output) const override {
    memory dst = dst_, plain = output_;
    dnnl::reorder(dst, plain).execute(context().stream, dst, plain);
    context().stream.wait();
    const int64_t pixels = p_.op.pixels();
    return static_cast<const float*>(
        plain.get_data_handle())[(token / pixels * p_.shape.n + output) * pixels + token % pixels];
  }

 private:
  memory output_, dst_;
};

}  // namespace
}  // namespace bench

SL_BENCH_EXPORT void sl_bench_peer(const bench::Problem& p, int threads, bench::Candidates* out) {
  if (p.op.kind == bench::Operation::kConv) {
    for (const char* name : {"onednn", "onednn-nchw", "onednn-plain"}) {
      out->push_back(std::make_unique<bench::Convolution>(name, p, threads));
    }
    return;
  }
  if (p.op.kind == bench::Operation::kWeightGradient) {
    out->push_back(std::make_unique<bench::WeightGradient>(p, threads));
    return;
  }
  out->push_back(std::make_unique<bench::Bare>(p, threads));
  if (p.type != bench::Type::kF32) out->push_back(std::make_unique<bench::Layer>(p, threads));
}

SL_BENCH_EXPORT const char* sl_bench_version() {
  static const dnnl_version_t* v = dnnl_version();
  static const std::string text = "oneDNN " + std::to_string(v->major) + "." +
                                  std::to_string(v->minor) + "." + std::to_string(v->patch);
  return text.c_str();
}
