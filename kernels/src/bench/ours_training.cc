// SPDX-License-Identifier: Apache-2.0
// Our products of a training step: forward, gradient of the input, gradient of the kept weights.
#include "ours.h"

namespace bench {
namespace {

class Training : public OurCandidate {
 public:
  Training(int level, const std::string& layout, const Problem& p, int threads)
      : OurCandidate("sparse", false, layout, level, threads), p_(p), panels_(layout == "panels") {
    const bool transposed = p.op.kind == Operation::kInputGradient;
    const auto& [m, n, k] = p.shape;
    const int64_t rows = transposed ? k : n, columns = transposed ? n : k;  // of the layer
    std::vector<uint64_t> mask((n * k + 63) / 64, 0);
    std::vector<float> values;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        const int64_t output = transposed ? j : i, input = transposed ? i : j;
        if (!p.is_kept(output, input)) continue;
        const int64_t at = i * columns + j;
        mask[at / 64] |= uint64_t{1} << at % 64;
        values.push_back(p.w[output * k + input]);
      }
    }
    check(sl_sparse_pack(level, rows, columns, mask.data(), &weights_), "packing");
    check(sl_sparse_set(weights_, values.data(), threads), "setting");
    x_ = laid_out(p.x, m, k);
    if (gradient()) dy_ = laid_out(p.dy, m, n);
    y_.resize(gradient() ? p.kept : panels_ ? sl_panels_size(m, n) : m * n);
  }
  ~Training() override { sl_sparse_free(weights_); }

  void run() override {
    const int layout = panels_ ? SL_PANELS : SL_ROWS;
    const sl_input in{layout, x_.data(), nullptr, 0};
    const sl_output out{layout, y_.data(), nullptr, SL_IDENTITY, nullptr};
    const int64_t m = p_.shape.m;
    check(gradient() ? sl_sparse_weight_gradient(weights_, m, layout, x_.data(), dy_.data(),
                                                 y_.data(), threads_)
          : p_.op.kind == Operation::kForward
              ? sl_sparse_forward(weights_, m, &in, &out, threads_)
              : sl_sparse_input_gradient(weights_, m, &in, &out, threads_),
          p_.op.name());
  }

  double output(int64_t token, int64_t output) const override {
    if (!gradient()) {
      return y_[panels_ ? in_panels(p_.shape.m, p_.shape.n, token, output)
                        : token * p_.shape.n + output];
    }
    int64_t before = 0;  // kept weights
    for (int64_t at = 0; at < token * p_.shape.k + output; ++at) {
      before += p_.mask[at / 64] >> at % 64 & 1;
    }
    return y_[before];
  }

 private:
  bool gradient() const { return p_.op.kind == Operation::kWeightGradient; }

  AlignedFloats laid_out(const std::vector<float>& from, int64_t m, int64_t features) const {
    if (!panels_) return AlignedFloats(from.begin(), from.end());
    AlignedFloats to(sl_panels_size(m, features));
    check(sl_to_panels(level_, m, features, from.data(), to.data(), 1), "to panels");
    return to;
  }

  const Problem& p_;
  const bool panels_;
  sl_sparse* weights_ = nullptr;
  AlignedFloats x_, dy_, y_;
};

}  // namespace

void offer_training(const OurOptions& options, const Problem& p,
                    const std::vector<std::string>& layouts, int threads, Candidates* out) {
  for (const std::string& layout : layouts) {
    out->push_back(std::make_unique<Training>(level_index(options.level), layout, p, threads));
  }
}

}  // namespace bench
