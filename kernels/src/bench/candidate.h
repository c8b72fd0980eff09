// SPDX-License-Identifier: Apache-2.0
// One way to compute a Problem; and how a peer's module, loaded at run time, offers its ways.
#ifndef SPARSELAND_BENCH_CANDIDATE_H_
#define SPARSELAND_BENCH_CANDIDATE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "problem.h"

namespace bench {

class Stage;

class Candidate {
 public:
  Candidate(std::string name, bool dense) : name(std::move(name)), dense(dense) {}
  virtual ~Candidate() = default;
  virtual void run() = 0;
  // Wakes the worker threads, so that a call after a pause is not charged for it.
  virtual void wake() = 0;
  // Of the last run, in units of the reference.
  virtual double output(int64_t token, int64_t output) const = 0;
  virtual int64_t weight_bytes() const { return 0; }  // 0: not known

  // Does work that calls this candidate where it lives.
  void on_stage(const std::function<void()>& work);

  const std::string name;
  const bool dense;        // multiplies all weights
  Stage* stage = nullptr;  // null: the calling thread
};

// A thread that peers run on, and nothing else: OpenMP keeps a team per calling thread, and one whose
// size changes, or that stands beside another of more threads than there are cores, wakes late.
class Stage {
 public:
  Stage();
  ~Stage();
  // Waits for the end of the work; what it throws comes out here.
  void run(const std::function<void()>& work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

using Candidates = std::vector<std::unique_ptr<Candidate>>;

// Every peer module exports these two as `sl_bench_peer` and `sl_bench_version`.
using PeerFunction = void(const Problem& problem, int threads, Candidates* out);
using VersionFunction = const char*();

// The peers' modules, loaded from the folder of this program; and why some are not there.
class Peers {
 public:
  Peers();
  void offer(const Problem& problem, int threads, Candidates* out);

  std::vector<std::string> present, absent;  // lines for people

 private:
  std::vector<PeerFunction*> functions_;
  std::map<int, Stage> stages_;  // by number of threads
};

struct OurOptions {
  std::string level;   // empty: the fastest here
  std::string design;  // empty: all that accept the matrix
};

// Gives our dense design on oneDNN the peer's library, after the peers are loaded.
void load_onednn();
// Our kernels: every design that accepts the matrix, in each of the given layouts ("rows",
// "panels").
void offer_ours(const OurOptions& options, const Problem& problem,
                const std::vector<std::string>& layouts, int threads, Candidates* out);
// "rows" or "panels" of one of ours, "" of a peer.
std::string layout_of(const Candidate& candidate);
// Index for `sl_pack` of a level's name, the fastest available one for "".
int level_index(const std::string& name);

}  // namespace bench
#endif  // SPARSELAND_BENCH_CANDIDATE_H_
