// SPDX-License-Identifier: Apache-2.0
// The only place that decides which levels exist here.
#include "level.h"
#include "sparseland_kernels.h"

extern const SlLevel sl_level__scalar;
#if defined(SL_X86)
extern const SlLevel sl_level__avx512;
extern const SlLevel sl_level__avx2;
#endif

namespace sl {
namespace {

#if defined(SL_X86)
// __builtin_cpu_supports also checks that the system saves the registers.
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool has_avx512() {
#if defined(SL_EMULATE_AVX512)  // compiled for avx2, for tests on machines without AVX-512
  return has_avx2();
#else
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
}
#endif

}  // namespace

const SlLevel* level(int code) {
  switch (code) {
#if defined(SL_X86)
    case SL_AVX512: return has_avx512() ? &sl_level__avx512 : nullptr;
    case SL_AVX2: return has_avx2() ? &sl_level__avx2 : nullptr;
#endif
    case SL_SCALAR: return &sl_level__scalar;
    default: return nullptr;
  }
}

}  // namespace sl

int sl_level_available(int code) { return sl::level(code) != nullptr; }

const char* sl_level_name(int code) {
  static const char* const names[SL_LEVELS] = {"avx512", "avx2", "scalar"};
  return code >= 0 && code < SL_LEVELS ? names[code] : "";
}
