// SPDX-License-Identifier: Apache-2.0
// libtorch as DJL brings it: dense products of a training step, torch.mm(out=...) through the C interface
// that compiled models call; no headers are needed.
#include <dlfcn.h>

#include <stdexcept>

#include "peer.h"

namespace bench {
namespace {

using Tensor = void*;

struct Torch {
  int32_t (*create)(void* data, int64_t rank, const int64_t* sizes, const int64_t* strides,
                    int64_t offset, int32_t type, int32_t device, int32_t index, Tensor* out);
  int32_t (*drop)(Tensor);
  int32_t (*mm)(Tensor out, Tensor a, Tensor b);
  int32_t (*float32)();
  int32_t (*cpu)();
  void (*set_threads)(int);
};

template <typename F>
void find(void* library, const char* name, F* function) {
  *function = reinterpret_cast<F>(dlsym(library, name));
  if (*function == nullptr) throw std::runtime_error(std::string("libtorch: no function ") + name);
}

const Torch& torch() {
  static const Torch one = [] {
    void* library = dlopen(SL_BENCH_TORCH, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(dlerror());
    Torch t;
    find(library, "aoti_torch_create_tensor_from_blob", &t.create);
    find(library, "aoti_torch_delete_tensor_object", &t.drop);
    find(library, "aoti_torch_mm_out", &t.mm);
    find(library, "aoti_torch_dtype_float32", &t.float32);
    find(library, "aoti_torch_device_type_cpu", &t.cpu);
    find(library, "_ZN2at15set_num_threadsEi", &t.set_threads);
    return t;
  }();
  return one;
}

class Mm : public OmpCandidate {
 public:
  Mm(const Problem& p, int threads) : OmpCandidate("libtorch", true, threads), p_(p) {
    torch().set_threads(threads);
    const auto& [m, n, k] = p.shape;
    const bool gradient = p.op.kind == Operation::kWeightGradient;
    columns_ = gradient ? k : n;
    y_.resize((gradient ? n : m) * columns_);
    // y = x W^T, or dW = dy^T x.
    a_ = gradient ? tensor(p.dy, n, m, 1, n) : tensor(p.x, m, k, k, 1);
    b_ = gradient ? tensor(p.x, m, k, k, 1) : tensor(p.w, k, n, 1, k);
    out_ = tensor(y_, gradient ? n : m, columns_, columns_, 1);
  }
  ~Mm() override {
    for (Tensor t : {a_, b_, out_}) torch().drop(t);
  }

  // Its OpenMP is another one than that of the other peers.
  void wake() override { run(); }

  void run() override {
    if (torch().mm(out_, a_, b_) != 0) throw std::runtime_error("libtorch: mm failed");
  }

  double output(int64_t row, int64_t column) const override { return y_[row * columns_ + column]; }

 private:
  static Tensor tensor(const std::vector<float>& data, int64_t rows, int64_t columns, int64_t row_stride,
                       int64_t column_stride) {
    const int64_t sizes[] = {rows, columns}, strides[] = {row_stride, column_stride};
    Tensor made = nullptr;
    if (torch().create(const_cast<float*>(data.data()), 2, sizes, strides, 0, torch().float32(),
                       torch().cpu(), 0, &made) != 0) {
      throw std::runtime_error("libtorch: no tensor");
    }
    return made;
  }

  const Problem& p_;
  int64_t columns_;
  std::vector<float> y_;
  Tensor a_, b_, out_;
};

}  // namespace
}  // namespace bench

SL_BENCH_EXPORT void sl_bench_peer(const bench::Problem& p, int threads, bench::Candidates* out) {
  using bench::Operation;
  if (p.op.kind != Operation::kForward && p.op.kind != Operation::kInputGradient &&
      p.op.kind != Operation::kWeightGradient) {
    return;
  }
  out->push_back(std::make_unique<bench::Mm>(p, threads));
}

SL_BENCH_EXPORT const char* sl_bench_version() { return "libtorch (DJL)"; }
