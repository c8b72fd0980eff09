// SPDX-License-Identifier: Apache-2.0
// What this machine can do at most, measured in the same run.
#ifndef SPARSELAND_BENCH_MACHINE_H_
#define SPARSELAND_BENCH_MACHINE_H_

#include <string>

#include "problem.h"

namespace bench {

struct Bandwidth {
  double one, all;  // bytes read per second: one thread, all threads
};

struct Machine {
  std::string cpu, level;
  int threads;
  double load;           // average over the minute before
  double f32, bf16, i8;  // operations per second and core; 0 without the instruction
  Bandwidth l1, l2, dram;

  // Per core; fp32's where the type has no instruction of its own.
  double peak(Type type) const;
};

Machine measure_machine(const std::string& level);

}  // namespace bench
#endif  // SPARSELAND_BENCH_MACHINE_H_
