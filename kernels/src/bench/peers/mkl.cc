// SPDX-License-Identifier: Apache-2.0
// MKL: dense sgemm, and CSR (BSR for square blocks) in its best layout, where both sides are
// feature-major ([k, m], [n, m]); transposes are not charged. One token: the vector routine.
#include <mkl.h>

#include <stdexcept>

#include "peer.h"

namespace bench {
namespace {

void check(sparse_status_t status, const char* what) {
  if (status != SPARSE_STATUS_SUCCESS) throw std::runtime_error(std::string("MKL: ") + what);
}

class Sgemm : public OmpCandidate {
 public:
  Sgemm(const Problem& p, int threads)
      : OmpCandidate("mkl", true, threads), p_(p), y_(p.shape.m * p.shape.n) {
    mkl_set_num_threads(threads);
  }

  void run() override {
    const auto& [m, n, k] = p_.shape;
    if (m == 1) {
      cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1, p_.w.data(), k, p_.x.data(), 1, 0,
                  y_.data(), 1);
    } else {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, p_.x.data(), k, p_.w.data(),
                  k, 0, y_.data(), n);
    }
  }

  double output(int64_t token, int64_t output) const override {
    return y_[token * p_.shape.n + output];
  }

 private:
  const Problem& p_;
  std::vector<float> y_;
};

class WeightGradient : public OmpCandidate {
 public:
  WeightGradient(const Problem& p, int threads)
      : OmpCandidate("mkl", true, threads), p_(p), y_(p.shape.n * p.shape.k) {
    mkl_set_num_threads(threads);
  }

  void run() override {
    const auto& [m, n, k] = p_.shape;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, k, m, 1, p_.dy.data(), n, p_.x.data(),
                k, 0, y_.data(), k);
  }

  double output(int64_t row, int64_t column) const override {
    return y_[row * p_.shape.k + column];
  }

 private:
  const Problem& p_;
  std::vector<float> y_;
};

class MklCsr : public OmpCandidate {
 public:
  MklCsr(const Problem& p, int threads)
      : OmpCandidate("mkl-csr", false, threads),
        p_(p),
        csr_(p),
        x_(transposed(p.x, p.shape.m, p.shape.k)),
        y_(p.shape.m * p.shape.n) {
    mkl_set_num_threads(threads);
    const auto& [m, n, k] = p.shape;
    check(mkl_sparse_s_create_csr(&matrix_, SPARSE_INDEX_BASE_ZERO, n, k, csr_.row.data(),
                                  csr_.row.data() + 1, csr_.column.data(), csr_.value.data()),
          "create_csr");
    description_.type = SPARSE_MATRIX_TYPE_GENERAL;
    if (m == 1) {
      mkl_sparse_set_mv_hint(matrix_, SPARSE_OPERATION_NON_TRANSPOSE, description_, 100000);
    } else {
      mkl_sparse_set_mm_hint(matrix_, SPARSE_OPERATION_NON_TRANSPOSE, description_,
                             SPARSE_LAYOUT_ROW_MAJOR, m, 100000);
    }
    check(mkl_sparse_optimize(matrix_), "optimize");
  }

  ~MklCsr() override { mkl_sparse_destroy(matrix_); }

  void run() override {
    const int64_t m = p_.shape.m;
    const sparse_status_t status =
        m == 1 ? mkl_sparse_s_mv(SPARSE_OPERATION_NON_TRANSPOSE, 1, matrix_, description_,
                                 x_.data(), 0, y_.data())
               : mkl_sparse_s_mm(SPARSE_OPERATION_NON_TRANSPOSE, 1, matrix_, description_,
                                 SPARSE_LAYOUT_ROW_MAJOR, x_.data(), m, m, 0, y_.data(), m);
    check(status, "product");
  }

  double output(int64_t token, int64_t output) const override {
    return y_[output * p_.shape.m + token];
  }

  int64_t weight_bytes() const override { return 8 * p_.kept + 4 * (p_.shape.n + 1); }

 private:
  const Problem& p_;
  Csr csr_;
  std::vector<float> x_, y_;
  sparse_matrix_t matrix_ = nullptr;
  matrix_descr description_{};
};

}  // namespace
}  // namespace bench

SL_BENCH_EXPORT void sl_bench_peer(const bench::Problem& p, int threads, bench::Candidates* out) {
  if (p.type != bench::Type::kF32 || p.op.kind == bench::Operation::kConv) return;
  if (p.op.kind == bench::Operation::kWeightGradient) {
    out->push_back(std::make_unique<bench::WeightGradient>(p, threads));
    return;
  }
  out->push_back(std::make_unique<bench::Sgemm>(p, threads));
  out->push_back(std::make_unique<bench::MklCsr>(p, threads));
}

SL_BENCH_EXPORT const char* sl_bench_version() {
  static const std::string text = [] {
    MKLVersion v;
    mkl_get_version(&v);
    return "MKL " + std::to_string(v.MajorVersion) + "." + std::to_string(v.UpdateVersion);
  }();
  return text.c_str();
}
