// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "ours.h"

namespace bench {
namespace {

int code(Type type) { return type == Type::kF32 ? SL_F32 : type == Type::kBf16 ? SL_BF16 : SL_I8; }

class Ours : public OurCandidate {
 public:
  Ours(int level, int design, const std::string& layout, const sl_matrix& matrix, const Problem& p,
       int threads)
      : OurCandidate(sl_design_name(design), design == SL_DENSE || design == SL_ONEDNN, layout,
                     level, threads),
        shape_(p.shape),
        panels_(layout != "rows") {
    check(sl_pack(level, design, 1, &matrix, &weights_), "packing for " + name);
    const int64_t m = shape_.m;
    input_ = {SL_ROWS, p.x.data(), nullptr, 0};
    if (panels_) {
      const int64_t per_word = p.type == Type::kF32 ? 1 : p.type == Type::kBf16 ? 2 : 4;
      x_.resize(sl_panels_size(m, (shape_.k + per_word - 1) / per_word));
      scales_.resize((m + SL_PANEL - 1) / SL_PANEL * SL_PANEL);
      if (p.type == Type::kF32) {
        check(sl_to_panels(level, m, shape_.k, p.x.data(), x_.data(), 1), "to panels");
      } else {
        check(sl_pack_words(level, code(p.type), m, shape_.k, SL_ROWS, p.x.data(), 0, x_.data(),
                            scales_.data(), 1),
              "to words");
      }
      input_ = {p.type == Type::kF32 ? SL_PANELS : SL_WORDS, x_.data(), scales_.data(), 0};
    }
    y_.assign(panels_ ? sl_panels_size(m, shape_.n) : m * shape_.n,
              std::numeric_limits<float>::quiet_NaN());
    output_ = {panels_ ? SL_PANELS : SL_ROWS, y_.data(), nullptr, SL_IDENTITY, nullptr};
  }

  ~Ours() override { sl_weights_free(weights_); }

  void run() override { check(sl_linear(weights_, shape_.m, &input_, &output_, threads_), name); }

  // Designs for rows do not take words.
  bool takes_layout() {
    return sl_linear(weights_, shape_.m, &input_, &output_, threads_) != SL_BAD_ARGUMENT;
  }

  double output(int64_t token, int64_t output) const override {
    if (!panels_) return y_[token * shape_.n + output];
    return y_[in_panels(shape_.m, shape_.n, token, output)];
  }

  int64_t weight_bytes() const override { return sl_weights_bytes(weights_); }

 private:
  const Shape shape_;
  const bool panels_;
  sl_weights* weights_ = nullptr;
  AlignedFloats x_, y_;  // x_: words when the type is not fp32
  std::vector<float> scales_;
  sl_input input_;
  sl_output output_;
};

}  // namespace

int level_index(const std::string& name) {
  for (int level = 0; level < SL_LEVELS; ++level) {
    if (sl_level_available(level) && (name.empty() || name == sl_level_name(level))) return level;
  }
  throw std::invalid_argument("level '" + name +
                              "' is not one of avx512, avx2, scalar, or not here");
}

std::string layout_of(const Candidate& candidate) {
  const auto* ours = dynamic_cast<const OurCandidate*>(&candidate);
  return ours == nullptr ? "" : ours->layout;
}

void load_onednn() {
#ifdef SL_BENCH_ONEDNN
  sl_onednn_load(SL_BENCH_ONEDNN);  // where it fails the peer says why
#endif
}

void offer_ours(const OurOptions& options, const Problem& p,
                const std::vector<std::string>& layouts, int threads, Candidates* out) {
  if (p.op.kind == Operation::kConv) return offer_conv(options, p, threads, out);
  if (p.op.kind != Operation::kLinear) return offer_training(options, p, layouts, threads, out);
  const int level = level_index(options.level);
  const sl_matrix matrix{code(p.type),
                         p.shape.n,
                         p.shape.k,
                         p.mask.data(),
                         p.kept_values.data(),
                         p.scales.empty() ? nullptr : p.scales.data()};
  for (int design = 0; design < SL_DESIGNS; ++design) {
    const bool asked = options.design.empty() || options.design == sl_design_name(design);
    if ((!asked && design != SL_DENSE) || sl_design_refuses(level, design, &matrix) != nullptr) {
      continue;
    }
    for (const std::string& layout : layouts) {
      auto ours = std::make_unique<Ours>(level, design, layout, matrix, p, threads);
      if (ours->takes_layout()) out->push_back(std::move(ours));
    }
  }
}

}  // namespace bench
