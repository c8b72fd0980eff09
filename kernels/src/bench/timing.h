// SPDX-License-Identifier: Apache-2.0
// Times of several candidates, taken in turns so that whatever else the machine does hits all.
#ifndef SPARSELAND_BENCH_TIMING_H_
#define SPARSELAND_BENCH_TIMING_H_

#include <vector>

#include "candidate.h"

namespace bench {

struct TimingOptions {
  int rounds = 15;
  bool cold = false;  // flush the caches before each call
  int threads = 1;
};

// Seconds per call, one per round.
using Times = std::vector<double>;

std::vector<Times> in_turns(const std::vector<Candidate*>& candidates,
                            const TimingOptions& options);

double best(const Times& times);
double median(Times times);
// Of the quotients slow[i] / fast[i]: their median, and the width of their middle half over it.
struct Ratio {
  double median, best, spread;
};
Ratio ratio(const Times& slow, const Times& fast);

double now();  // seconds

}  // namespace bench
#endif  // SPARSELAND_BENCH_TIMING_H_
