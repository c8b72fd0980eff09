// SPDX-License-Identifier: Apache-2.0
// onednn: all weights, by oneDNN, packed once. Outputs are cut into slices and tokens into blocks of 128,
// 64, ..., 1, whose number depends on sizes only; our pool runs them, each with one OpenMP thread, so
// that the bits do not depend on the number of threads and no second pool is awake.
#include <cstring>
#include <mutex>

#include "../matrix.h"
#include "../pool.h"
#include "design.h"
#include "onednn_run.h"
#include "through_rows.h"

namespace sl {
namespace {

constexpr int64_t kSlice = 384;  // outputs of a slice, about
constexpr int64_t kMostSlices = 8;
constexpr int kBlocks = 8;  // sizes of blocks of tokens: 1, 2, ..., 128

int src_type(int type) { return type == SL_F32 ? kDnnlF32 : type == SL_BF16 ? kDnnlBf16 : kDnnlU8; }
int weight_type(int type) { return type == SL_I8 ? kDnnlS8 : src_type(type); }

// The product of 2^i tokens with a slice of n outputs.
struct Product {
  Handle src = nullptr, dst = nullptr, pd = nullptr, primitive = nullptr;
};

// Slices of one width: the weights' packed form and the products, made at first use.
struct Width {
  int64_t n = 0;
  Handle plain = nullptr, packed = nullptr;  // packed belongs to products[kBlocks - 1].pd
  Product products[kBlocks];
};

void forget(const Dnnl& d, Width* w) {
  for (Product& p : w->products) {
    if (p.primitive != nullptr) d.primitive_destroy(p.primitive);
    if (p.pd != nullptr) d.pd_destroy(p.pd);
    if (p.src != nullptr) d.desc_destroy(p.src);
    if (p.dst != nullptr) d.desc_destroy(p.dst);
  }
  if (w->plain != nullptr) d.desc_destroy(w->plain);
}

struct Slice {
  int64_t first;
  int width;  // index of its Width
  void* weights;
};

class OnednnPacked : public Packed {
 public:
  OnednnPacked(const SlLevel* own_level, const sl_matrix& w) : Packed(own_level, w), d_(*dnnl()) {}
  ~OnednnPacked() override {
    for (Width& w : widths_) forget(d_, &w);
    for (size_t i = 0; i < slices_.size(); ++i) release(slices_[static_cast<int64_t>(i)].weights);
  }

  bool fill(const sl_matrix& w);
  int linear(const Call& call) const override;
  void unpack(void* values) const override;
  int64_t bytes() const override;

 private:
  int64_t row_bytes() const { return words_of(type, k) * 4; }
  int64_t inputs() const { return words_of(type, k) * values_in_word(type); }
  bool make_product(Width* w, int size, Handle weights) const;
  bool make_width(Width* w, int64_t outputs) const;
  int tokens(const Call& call, const float* x, char* words, float* scales) const;
  int block(const Slice& slice, int size, const char* x, const float* token_scales,
            const sl_output& y, int64_t token) const;
  int rows(const Call& call, const float* x, const sl_output& y) const;

  const Dnnl& d_;
  Array<Slice> slices_;
  Array<float> scales_;
  Array<int32_t> sums_;
  int64_t packed_bytes_ = 0;
  mutable std::mutex mutex_;  // guards the making of products
  mutable Width widths_[2];   // of all slices, and of the last
};

const char* refuses(const SlLevel* level, const sl_matrix& w) {
  if (dnnl() == nullptr) return "oneDNN is not loaded";
  if (level->code == SL_SCALAR) return "oneDNN chooses its own instructions, not this level";
  if (w.type == SL_BF16 && level->code != SL_AVX512) return "oneDNN's bf16 needs AVX-512";
  return nullptr;
}

bool OnednnPacked::make_product(Width* w, int size, Handle weights) const {
  Product& p = w->products[size];
  one_thread(d_);
  const int64_t m = int64_t{1} << size;
  const int64_t src_sizes[] = {m, inputs()}, src_strides[] = {inputs(), 1};
  const bool direct = type != SL_I8;  // int8 sums go to scratch memory first
  const int64_t dst_sizes[] = {m, w->n}, dst_strides[] = {direct ? n : w->n, 1};
  Handle attr = nullptr;
  const bool made =
      d_.desc_with_strides(&p.src, 2, src_sizes, src_type(type), src_strides) == 0 &&
      d_.desc_with_strides(&p.dst, 2, dst_sizes, direct ? kDnnlF32 : kDnnlS32, dst_strides) == 0 &&
      d_.attr_create(&attr) == 0 && d_.attr_set_scratchpad(attr, kDnnlScratchpadOfUser) == 0 &&
      d_.matmul_create(&p.pd, d_.engine, p.src, weights, nullptr, p.dst, attr) == 0 &&
      d_.primitive_create(&p.primitive, p.pd) == 0;
  if (attr != nullptr) d_.attr_destroy(attr);
  return made;
}

bool OnednnPacked::make_width(Width* w, int64_t outputs) const {
  w->n = outputs;
  const int64_t sizes[] = {inputs(), outputs}, strides[] = {1, inputs()};
  Handle any = nullptr;
  const bool made = d_.desc_with_strides(&w->plain, 2, sizes, weight_type(type), strides) == 0 &&
                    d_.desc_with_tag(&any, 2, sizes, weight_type(type), kDnnlAny) == 0 &&
                    make_product(w, kBlocks - 1, any);
  if (any != nullptr) d_.desc_destroy(any);
  if (made) w->packed = d_.pd_query(w->products[kBlocks - 1].pd, kDnnlQueryWeights, 0);
  return made && w->packed != nullptr;
}

bool OnednnPacked::fill(const sl_matrix& w) {
  const int64_t count = least(kMostSlices, up(n, kSlice)), regular = up(up(n, count), 16) * 16;
  const int64_t slices = up(n, regular), last = n - (slices - 1) * regular;
  Columns kept;
  Array<char> plain;
  if (!kept.fill(w) || !slices_.make(static_cast<size_t>(slices)) ||
      !plain.make(product(regular, row_bytes()))) {
    return false;
  }
  std::memset(slices_.get(), 0, static_cast<size_t>(slices_.bytes()));
  if (type == SL_I8) {
    if (!scales_.make(static_cast<size_t>(n)) || !sums_.make(static_cast<size_t>(n))) return false;
    std::memcpy(scales_.get(), w.scales, static_cast<size_t>(n) * sizeof(float));
    row_sums(w, sums_.get());
  }
  if (!make_width(&widths_[0], slices == 1 ? n : regular)) return false;
  if (slices > 1 && last != regular && !make_width(&widths_[1], last)) return false;
  const int64_t width = width_of(type);
  const char* values = static_cast<const char*>(w.values);
  for (int64_t s = 0; s < slices; ++s) {
    Slice& slice = slices_[s];
    slice = {s * regular, s > 0 && s == slices - 1 && last != regular ? 1 : 0, nullptr};
    const Width& own = widths_[slice.width];
    std::memset(plain.get(), 0, plain.size());
    for (int64_t r = 0; r < own.n; ++r) {
      for (int64_t p = kept.starts[slice.first + r]; p < kept.starts[slice.first + r + 1]; ++p) {
        std::memcpy(plain.get() + r * row_bytes() + kept.columns[p] * width, values + p * width,
                    static_cast<size_t>(width));
      }
    }
    const size_t bytes = d_.desc_size(own.packed);
    slice.weights = allocate(bytes);
    packed_bytes_ += static_cast<int64_t>(bytes);
    if (slice.weights == nullptr || reorder(d_, own.plain, plain.get(), own.packed, slice.weights) != SL_OK) {
      return false;
    }
  }
  return true;
}

int64_t OnednnPacked::bytes() const {
  return packed_bytes_ + slices_.bytes() + scales_.bytes() + sums_.bytes();
}

void OnednnPacked::unpack(void* values) const {
  Array<char> plain;
  const size_t row = static_cast<size_t>(k * width_of(type));
  for (size_t i = 0; i < slices_.size(); ++i) {
    const Slice& slice = slices_[static_cast<int64_t>(i)];
    const Width& own = widths_[slice.width];
    if (!plain.make(product(own.n, row_bytes())) ||
        reorder(d_, own.packed, slice.weights, own.plain, plain.get()) != SL_OK) {
      return;
    }
    for (int64_t r = 0; r < own.n; ++r) {
      std::memcpy(static_cast<char*>(values) + static_cast<size_t>(slice.first + r) * row,
                  plain.get() + r * row_bytes(), row);
    }
  }
}

// Rows of fp32 to rows of the type, padded to whole words.
int OnednnPacked::tokens(const Call& call, const float* x, char* words, float* scales) const {
  return parallel(call.threads, call.m, call.m * k, [&](int64_t t) {
    level->words_from_rows[type](1, 1, k, x + t * k, k, call.x.scale, words + t * row_bytes(),
                                 scales + t);
    return static_cast<int>(SL_OK);
  });
}

int OnednnPacked::block(const Slice& slice, int size, const char* x, const float* token_scales,
                        const sl_output& y, int64_t token) const {
  Width& own = widths_[slice.width];
  const Product& p = own.products[size];
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (p.primitive == nullptr && !make_product(&own, size, own.packed)) return SL_NO_MEMORY;
  }
  const Handle scratchpad = d_.pd_query(p.pd, kDnnlQueryScratchpad, 0);
  const int64_t m = int64_t{1} << size;
  float* to = y.data + token * n + slice.first;
  float* sums = type == SL_I8 ? scratch(kTask, product(m, own.n)) : to;
  void* temporary = scratch(kTask2, d_.desc_size(scratchpad) / sizeof(float) + 1);
  if (sums == nullptr || temporary == nullptr) return SL_NO_MEMORY;
  const int status = Run(d_, p.primitive)
                         .with(kDnnlSrc, p.src, const_cast<char*>(x) + token * row_bytes())
                         .with(kDnnlWeights, own.packed, slice.weights)
                         .with(kDnnlDst, p.dst, sums)
                         .with(kDnnlScratchpad, scratchpad, temporary)
                         .status();
  if (status != SL_OK) return status;
  const float* bias = y.bias == nullptr ? nullptr : y.bias + slice.first;
  for (int64_t t = 0; t < m; ++t, to += n) {
    if (type == SL_I8) {
      const int32_t* exact = reinterpret_cast<const int32_t*>(sums) + t * own.n;
      for (int64_t i = 0; i < own.n; ++i) {
        to[i] = static_cast<float>(exact[i] - 128 * sums_[slice.first + i]) *
                (token_scales[token + t] * scales_[slice.first + i]);
      }
    }
    if (bias != nullptr || y.act != SL_IDENTITY) level->bias_act_row(own.n, bias, y.act, to, to);
    if (y.residual != nullptr) {
      level->binary(SL_ADD, own.n, 1, 1, to, y.residual + (token + t) * n + slice.first, to);
    }
  }
  return SL_OK;
}

int OnednnPacked::rows(const Call& call, const float* x, const sl_output& y) const {
  const char* words = reinterpret_cast<const char*>(x);
  float* scales = nullptr;
  if (type != SL_F32) {
    const size_t floats = product(call.m, words_of(type, k) + 1);
    float* packed = scratch(kShared, floats);
    if (packed == nullptr) return SL_NO_MEMORY;
    scales = packed + call.m * words_of(type, k);
    const int status = tokens(call, x, reinterpret_cast<char*>(packed), scales);
    if (status != SL_OK) return status;
    words = reinterpret_cast<const char*>(packed);
  }
  const int64_t slices = static_cast<int64_t>(slices_.size());
  const int64_t whole = call.m >> (kBlocks - 1), rest = call.m - (whole << (kBlocks - 1));
  const int64_t blocks = whole + __builtin_popcountll(static_cast<uint64_t>(rest));
  return parallel(call.threads, slices * blocks, call.m * n * k, [&](int64_t i) {
    const int64_t b = i / slices;
    int size = kBlocks - 1;
    int64_t token = b << size;
    if (b >= whole) {  // the (b - whole)-th bit of the rest, from the highest
      token = whole << size;
      for (int64_t left = b - whole;; token += rest & (int64_t{1} << size)) {
        --size;
        if ((rest >> size & 1) != 0 && left-- == 0) break;
      }
    }
    return block(slices_[i % slices], size, words, scales, y, token);
  });
}

int OnednnPacked::linear(const Call& call) const {
  return through_rows(*this, call, [&](const float* x, const sl_output& y) {
    return rows(call, x, y);
  });
}

}  // namespace

extern const Design kOnednn = {"onednn", refuses, pack_as<OnednnPacked>};

}  // namespace sl
