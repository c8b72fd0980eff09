// SPDX-License-Identifier: Apache-2.0
#include "machine.h"

#include <immintrin.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "timing.h"

namespace bench {
namespace {

constexpr int kSteps = 20000, kTries = 60;

// Twelve independent accumulators hide the latency; the asm keeps the compiler from merging them.
#define SL_TWELVE(STEP) \
  STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) STEP(8) STEP(9) STEP(10) STEP(11)
#define SL_REGISTER_LOOP(NAME, TARGET, INSTRUCTION)                                              \
  __attribute__((target(TARGET))) void NAME() {                                                  \
    asm volatile("vzeroall" ::: "xmm12", "xmm13", "xmm14", "xmm15"); /* no slow operands */      \
    for (int i = 0; i < kSteps; ++i) {                                                           \
      asm volatile(SL_TWELVE(INSTRUCTION)::                                                      \
                       : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
                         "xmm9", "xmm10", "xmm11");                                              \
    }                                                                                            \
  }
#define SL_FMA512(I) "vfmadd231ps %%zmm12, %%zmm13, %%zmm" #I "\n"
#define SL_FMA256(I) "vfmadd231ps %%ymm12, %%ymm13, %%ymm" #I "\n"
#define SL_BF16(I) "vdpbf16ps %%zmm12, %%zmm13, %%zmm" #I "\n"
#define SL_I8(I) "vpdpbusd %%zmm12, %%zmm13, %%zmm" #I "\n"
SL_REGISTER_LOOP(fma512, "avx512f", SL_FMA512)
SL_REGISTER_LOOP(fma256, "avx2,fma", SL_FMA256)
SL_REGISTER_LOOP(dot_bf16, "avx512bf16", SL_BF16)
SL_REGISTER_LOOP(dot_i8, "avx512vnni", SL_I8)

double operations_per_second(const std::function<void()>& loop, int per_instruction) {
  double fastest = 1e9;
  for (int i = 0; i < kTries; ++i) {
    const double start = now();
    loop();
    fastest = std::min(fastest, now() - start);
  }
  return 12.0 * kSteps * per_instruction / fastest;
}

__attribute__((target("avx512f"))) void read512(const char* from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 512) {
    asm volatile(
        "vmovups (%0), %%zmm0\nvmovups 64(%0), %%zmm1\nvmovups 128(%0), %%zmm2\n"
        "vmovups 192(%0), %%zmm3\nvmovups 256(%0), %%zmm4\nvmovups 320(%0), %%zmm5\n"
        "vmovups 384(%0), %%zmm6\nvmovups 448(%0), %%zmm7\n" ::"r"(from + i)
        : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
  }
}

__attribute__((target("avx2"))) void read256(const char* from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 256) {
    asm volatile(
        "vmovups (%0), %%ymm0\nvmovups 32(%0), %%ymm1\nvmovups 64(%0), %%ymm2\n"
        "vmovups 96(%0), %%ymm3\nvmovups 128(%0), %%ymm4\nvmovups 160(%0), %%ymm5\n"
        "vmovups 192(%0), %%ymm6\nvmovups 224(%0), %%ymm7\n" ::"r"(from + i)
        : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
  }
}

// Every thread reads `bytes` of its own over and over; the best of several tries.
double bytes_per_second(size_t bytes, int threads) {
  const auto read = __builtin_cpu_supports("avx512f") ? read512 : read256;
  const int repeats = static_cast<int>(std::max<size_t>(1, (size_t{32} << 20) / bytes));
  std::vector<double> rates(threads);
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([=, &rates] {
      std::unique_ptr<char, decltype(&free)> memory(static_cast<char*>(aligned_alloc(4096, bytes)),
                                                    &free);
      std::memset(memory.get(), 1, bytes);
      for (int i = 0; i < kTries / 4; ++i) {
        const double start = now();
        for (int r = 0; r < repeats; ++r) read(memory.get(), bytes);
        rates[t] = std::max(rates[t], bytes * repeats / (now() - start));
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  double sum = 0;
  for (double rate : rates) sum += rate;
  return sum;
}

Bandwidth bandwidth(size_t bytes, int threads) {
  return {bytes_per_second(bytes, 1), bytes_per_second(bytes, threads)};
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace

double Machine::peak(Type type) const {
  if (type == Type::kBf16 && bf16 > 0) return bf16;
  return type == Type::kI8 && i8 > 0 ? i8 : f32;
}

Machine measure_machine(const std::string& level) {
  Machine m{};
  m.cpu = cpu_name();
  m.level = level;
  m.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  double load[1] = {0};
  m.load = getloadavg(load, 1) == 1 ? load[0] : 0;
  if (__builtin_cpu_supports("avx512f")) {
    m.f32 = operations_per_second(fma512, 32);
  } else if (__builtin_cpu_supports("fma")) {
    m.f32 = operations_per_second(fma256, 16);
  }
  if (__builtin_cpu_supports("avx512bf16")) m.bf16 = operations_per_second(dot_bf16, 64);
  if (__builtin_cpu_supports("avx512vnni")) m.i8 = operations_per_second(dot_i8, 128);
  if (__builtin_cpu_supports("avx2")) {
    m.l1 = bandwidth(size_t{16} << 10, m.threads);
    m.l2 = bandwidth(size_t{512} << 10, m.threads);
    m.dram = bandwidth(size_t{192} << 20, m.threads);
  }
  return m;
}

}  // namespace bench
