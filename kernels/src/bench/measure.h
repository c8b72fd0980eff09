// SPDX-License-Identifier: Apache-2.0
// One measurement: all candidates for one problem in turns, checked, turned into a row per layout.
#ifndef SPARSELAND_BENCH_MEASURE_H_
#define SPARSELAND_BENCH_MEASURE_H_

#include <map>
#include <string>
#include <vector>

#include "candidate.h"
#include "machine.h"
#include "timing.h"

namespace bench {

struct Spec {
  Type type;
  std::string pattern;
  Shape shape;
  double sparsity;
  int threads;
  bool cold;
  Operation op = {};
  std::string key() const;  // what --filter matches
};

struct Settings {
  OurOptions ours;
  int rounds = 15;
  bool peers = true;
};

struct Row {
  Spec spec;
  std::string layout, design, dense;   // dense: the best dense candidate, or none and a ratio of 0
  Ratio to_dense;                      // ours over it
  std::map<std::string, Ratio> peers;  // ours over each peer
  double seconds, best_seconds, share_of_peak, bytes_per_second,
      gflops;                  // of ours; operations on kept weights
  double dense_share_of_peak;  // of the best dense candidate
};

// Empty when no sparse design takes the matrix.
std::vector<Row> measure(const Spec& spec, const Settings& settings, Peers& peers,
                         const Machine& machine);

// The fastest sparse design (rows in and out) for the spec against the best dense candidate: first
// the choice, then again with fresh pairs; ratio 1, not compared, when the choice is dense. Of a convolution
// the fastest design, dense ones of ours included, against oneDNN's from and to NCHW where it is there.
struct Choice {
  Spec spec;
  std::string design;
  double ratio;
  bool sparse, compared, measured_again;
};
Choice choose(const Spec& spec, const Settings& settings, Peers& peers);

}  // namespace bench
#endif  // SPARSELAND_BENCH_MEASURE_H_
