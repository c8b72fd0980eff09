// SPDX-License-Identifier: Apache-2.0
// libxsmm's spmdm: sparse weights cut into slices once, both sides feature-major.
#include <libxsmm.h>
#include <libxsmm_spmdm.h>

#include "peer.h"

namespace bench {
namespace {

class Spmdm : public OmpCandidate {
 public:
  Spmdm(const Problem& p, int threads)
      : OmpCandidate("libxsmm", false, threads),
        p_(p),
        x_(transposed(p.x, p.shape.m, p.shape.k)),
        y_(p.shape.m * p.shape.n) {
    const auto& [m, n, k] = p.shape;
    libxsmm_spmdm_init(n, m, k, threads, &handle_, &slices_);
    const int blocks = libxsmm_spmdm_get_num_createSparseSlice_blocks(&handle_);
    for (int i = 0; i < blocks; ++i) {
      libxsmm_spmdm_createSparseSlice_fp32_thread(&handle_, 'N', p.w.data(), slices_, i, 0, 1);
    }
  }

  ~Spmdm() override { libxsmm_spmdm_destroy(&handle_); }

  void run() override {
    const int blocks = libxsmm_spmdm_get_num_compute_blocks(&handle_);
    const float one = 1, zero = 0;
#pragma omp parallel for num_threads(threads_) schedule(static)
    for (int i = 0; i < blocks; ++i) {
      libxsmm_spmdm_compute_fp32_thread(&handle_, 'N', 'N', &one, slices_, x_.data(), 'N', &zero,
                                        y_.data(), i, omp_get_thread_num(), threads_);
    }
  }

  double output(int64_t token, int64_t output) const override {
    return y_[output * p_.shape.m + token];
  }

 private:
  const Problem& p_;
  std::vector<float> x_, y_;
  libxsmm_spmdm_handle handle_{};
  libxsmm_CSR_sparseslice* slices_ = nullptr;
};

}  // namespace
}  // namespace bench

SL_BENCH_EXPORT void sl_bench_peer(const bench::Problem& p, int threads, bench::Candidates* out) {
  if (p.type != bench::Type::kF32 || !p.multiplies_rows()) return;
  out->push_back(std::make_unique<bench::Spmdm>(p, threads));
}

SL_BENCH_EXPORT const char* sl_bench_version() { return "libxsmm " LIBXSMM_VERSION; }
