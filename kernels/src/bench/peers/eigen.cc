// SPDX-License-Identifier: Apache-2.0
// Eigen: row-major sparse by row-major dense, both sides feature-major, its fastest layout.
#include <Eigen/Sparse>

#include "peer.h"

namespace bench {
namespace {

using Dense = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

class EigenSparse : public OmpCandidate {
 public:
  EigenSparse(const Problem& p, int threads)
      : OmpCandidate("eigen", false, threads), csr_(p), y_(p.shape.n, p.shape.m) {
    const auto& [m, n, k] = p.shape;
    const std::vector<float> x = transposed(p.x, m, k);
    x_ = Eigen::Map<const Dense>(x.data(), k, m);
    w_ = Eigen::Map<const Eigen::SparseMatrix<float, Eigen::RowMajor>>(
        n, k, csr_.value.size(), csr_.row.data(), csr_.column.data(), csr_.value.data());
    Eigen::setNbThreads(threads);
  }

  void run() override { y_.noalias() = w_ * x_; }
  double output(int64_t token, int64_t output) const override { return y_(output, token); }

 private:
  Csr csr_;
  Eigen::SparseMatrix<float, Eigen::RowMajor> w_;
  Dense x_, y_;
};

}  // namespace
}  // namespace bench

SL_BENCH_EXPORT void sl_bench_peer(const bench::Problem& p, int threads, bench::Candidates* out) {
  if (p.type != bench::Type::kF32 || !p.multiplies_rows()) return;
  out->push_back(std::make_unique<bench::EigenSparse>(p, threads));
}

SL_BENCH_EXPORT const char* sl_bench_version() {
  static const std::string text = "Eigen " + std::to_string(EIGEN_WORLD_VERSION) + "." +
                                  std::to_string(EIGEN_MAJOR_VERSION) + "." +
                                  std::to_string(EIGEN_MINOR_VERSION);
  return text.c_str();
}
