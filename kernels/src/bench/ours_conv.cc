// SPDX-License-Identifier: Apache-2.0
// Our convolutions, NCHW in and out: every design that takes the weights.
#include "ours.h"

namespace bench {
namespace {

class Conv : public OurCandidate {
 public:
  // Without pruning there is no sparse design to compare: our dense ones are then what is measured.
  Conv(int level, int design, const sl_matrix& matrix, const Problem& p, int threads)
      : OurCandidate(sl_design_name(design),
                     (design == SL_DENSE || design == SL_ONEDNN) &&
                         p.kept < static_cast<int64_t>(p.w.size()),
                     "rows", level, threads),
        p_(p),
        x_(p.x.begin(), p.x.end()),
        y_(p.shape.m * p.shape.n) {
    const Operation& op = p.op;
    shape_ = {p.shape.m / op.pixels(), op.channels, op.size, op.size, p.shape.n, op.out_size(),
              op.out_size(), op.kernel, op.kernel, op.stride, op.stride, op.kernel / 2,
              op.kernel / 2, 1, 1, op.groups};
    check(sl_pack_conv(level, design, &shape_, &matrix, &weights_), "packing for " + name);
  }
  ~Conv() override { sl_weights_free(weights_); }

  void run() override {
    check(sl_conv2d(weights_, nullptr, SL_IDENTITY, &shape_, x_.data(), y_.data(), threads_), name);
  }

  double output(int64_t token, int64_t output) const override {
    const int64_t pixels = p_.op.pixels();
    return y_[(token / pixels * p_.shape.n + output) * pixels + token % pixels];
  }

  int64_t weight_bytes() const override { return sl_weights_bytes(weights_); }

 private:
  const Problem& p_;
  sl_conv shape_;
  sl_weights* weights_ = nullptr;
  AlignedFloats x_, y_;
};

}  // namespace

void offer_conv(const OurOptions& options, const Problem& p, int threads, Candidates* out) {
  const int level = level_index(options.level);
  const sl_matrix matrix{SL_F32, p.shape.n, p.shape.k, p.mask.data(), p.kept_values.data(), nullptr};
  for (int design : {SL_DENSE, SL_ONEDNN, SL_CSR, SL_BLOCK4}) {
    const bool asked = options.design.empty() || options.design == sl_design_name(design);
    if ((!asked && design != SL_DENSE) || sl_design_refuses(level, design, &matrix) != nullptr) {
      continue;
    }
    out->push_back(std::make_unique<Conv>(level, design, matrix, p, threads));
  }
}

}  // namespace bench
