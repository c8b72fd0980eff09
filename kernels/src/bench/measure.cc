// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <stdexcept>

#include "sparseland_kernels.h"

namespace bench {
namespace {

constexpr double kClose = 1.25;  // designs this near the fastest get all the rounds
constexpr int kAgain = 5;        // times the rounds where it matters
constexpr double kNeverSlower = 0.97;
constexpr double kMargin = 1.1;      // DesignChoice.java: how much faster a sparse design must look
constexpr double kDoubt = 0.5e-6;    // Measured.java, in seconds: whatever it takes

using Chosen = std::vector<Candidate*>;

// Empty, or what is wrong. The bound holds for any order of summation: k rounding errors, each
// relative to the sum of |x w|.
std::string mistake(const Problem& p, Candidate* candidate) {
  candidate->on_stage([&] { candidate->run(); });
  std::mt19937 random(29);
  const bool gradient = p.op.kind == Operation::kWeightGradient;
  const int64_t terms = gradient ? p.shape.m : p.shape.k;
  const int64_t tokens = gradient ? p.shape.n : p.shape.m, outputs = gradient ? p.shape.k : p.shape.n;
  for (int i = 0; i < 16; ++i) {
    int64_t token, output;
    do {
      token = random() % tokens;
      output = random() % outputs;
    } while (gradient && !p.is_kept(token, output));
    double expected, magnitude;
    p.reference(token, output, &expected, &magnitude);
    double found = 0;
    candidate->on_stage([&] { found = candidate->output(token, output); });
    const double allowed = (terms + 4) * 0x1p-24 * magnitude;
    if (!(std::fabs(found - expected) <= allowed)) {
      return candidate->name + " " + layout_of(*candidate) + ": y[" + std::to_string(token) + "," +
             std::to_string(output) + "] = " + std::to_string(found) + ", reference " +
             std::to_string(expected);
    }
  }
  return "";
}

// Candidates whose result is right. A wrong one of ours is a bug; a wrong peer is left out.
Candidates offered(const Problem& p, const Spec& spec, const Settings& settings,
                   const std::vector<std::string>& layouts, Peers& peers) {
  Candidates all, right;
  offer_ours(settings.ours, p, layouts, spec.threads, &all);
  if (settings.peers) peers.offer(p, spec.threads, &all);
  for (auto& candidate : all) {
    const std::string wrong = mistake(p, candidate.get());
    if (!wrong.empty() && !layout_of(*candidate).empty()) throw std::runtime_error(wrong);
    if (wrong.empty()) {
      right.push_back(std::move(candidate));
    } else {
      std::fprintf(stderr, "left out, wrong for %s: %s\n", spec.key().c_str(), wrong.c_str());
    }
  }
  return right;
}

bool sparse_of_ours(const Candidate& c, const std::string& layout) {
  return !c.dense && layout_of(c) == layout;
}

bool multiplies_all(const Candidate& c) {
  return c.dense || c.name == sl_design_name(SL_DENSE) || c.name == sl_design_name(SL_ONEDNN);
}

// Of the peers' convolutions: from and to the layout that ours has.
bool takes_nchw(const Candidate& c) { return c.name == "onednn-nchw" || c.name == "onednn-plain"; }

template <typename Matches, typename Cost>
int cheapest(const Chosen& among, const Matches& matches, const Cost& cost) {
  int found = -1;
  for (size_t i = 0; i < among.size(); ++i) {
    if (matches(*among[i]) && (found < 0 || cost(i) < cost(found))) found = static_cast<int>(i);
  }
  return found;
}

template <typename Matches>
int fastest(const Chosen& among, const std::vector<Times>& times, const Matches& matches) {
  return cheapest(among, matches, [&](size_t i) { return median(times[i]); });
}

// All peers, and of ours what is near the fastest of its layout and kind (sparse, dense).
Chosen worth_measuring(const Candidates& all, const TimingOptions& options) {
  Chosen every, kept;
  for (const auto& c : all) every.push_back(c.get());
  const std::vector<Times> times =
      in_turns(every, {std::min(3, options.rounds), options.cold, options.threads});
  for (size_t i = 0; i < every.size(); ++i) {
    const std::string layout = layout_of(*every[i]);
    double least = std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < every.size(); ++j) {
      if (layout_of(*every[j]) == layout && every[j]->dense == every[i]->dense) {
        least = std::min(least, best(times[j]));
      }
    }
    if (layout.empty() || best(times[i]) <= kClose * least) kept.push_back(every[i]);
  }
  return kept;
}

Row row_of(const Spec& spec, const Problem& p, const Machine& machine, const Chosen& candidates,
           const std::vector<Times>& times, int ours, int dense) {
  Row row{};
  row.dense = "none";
  row.spec = spec;
  row.layout = layout_of(*candidates[ours]);
  row.design = candidates[ours]->name;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (layout_of(*candidates[i]).empty()) {
      row.peers[candidates[i]->name] = ratio(times[i], times[ours]);
    }
  }
  row.seconds = median(times[ours]);
  row.best_seconds = best(times[ours]);
  const double operations = 2.0 * p.kept * p.shape.m;
  row.gflops = operations / row.seconds / 1e9;
  const double peak = machine.peak(p.type) * spec.threads;
  row.share_of_peak = peak > 0 ? operations / row.seconds / peak : 0;
  const double all = 2.0 * static_cast<double>(p.w.size()) * p.shape.m;
  row.bytes_per_second = candidates[ours]->weight_bytes() / row.seconds;
  if (dense < 0) return row;
  row.dense = (layout_of(*candidates[dense]).empty() ? "" : "our ") + candidates[dense]->name;
  row.to_dense = ratio(times[dense], times[ours]);
  row.dense_share_of_peak = peak > 0 ? all / median(times[dense]) / peak : 0;
  return row;
}

}  // namespace

std::string Spec::key() const {
  char text[160];
  const std::string what = op.kind == Operation::kLinear ? "" : op.name() + " ";
  std::snprintf(text, sizeof text, "%s %s %sm=%ld %ldx%ld s=%.2f t=%d%s", name(type),
                pattern.c_str(), what.c_str(), static_cast<long>(shape.m),
                static_cast<long>(shape.n), static_cast<long>(shape.k), sparsity, threads,
                cold ? " cold" : "");
  return text;
}

std::vector<Row> measure(const Spec& spec, const Settings& settings, Peers& peers,
                         const Machine& machine) {
  const Problem p(spec.type, Pattern::of_name(spec.pattern), spec.sparsity, spec.shape, spec.op);
  std::vector<std::string> layouts = {"rows"};
  if (spec.shape.m >= 16 && spec.op.kind != Operation::kConv) layouts.push_back("panels");
  const Candidates all = offered(p, spec, settings, layouts, peers);
  const TimingOptions options{settings.rounds, spec.cold, spec.threads};
  const Chosen candidates = worth_measuring(all, options);
  const std::vector<Times> times = in_turns(candidates, options);
  const int dense = fastest(candidates, times, [](const Candidate& c) { return c.dense; });
  std::vector<Row> rows;
  for (const std::string& layout : layouts) {
    const int ours =
        fastest(candidates, times, [&](const Candidate& c) { return sparse_of_ours(c, layout); });
    if (ours < 0) continue;
    rows.push_back(row_of(spec, p, machine, candidates, times, ours, dense));
  }
  return rows;
}

Choice choose(const Spec& spec, const Settings& settings, Peers& peers) {
  const Problem p(spec.type, Pattern::of_name(spec.pattern), spec.sparsity, spec.shape, spec.op);
  const Candidates all = offered(p, spec, settings, {"rows"}, peers);
  const bool conv = spec.op.kind == Operation::kConv;
  const bool rivals = conv && std::any_of(all.begin(), all.end(), [](const auto& c) { return takes_nchw(*c); });
  const auto is_dense = [&](const Candidate& c) { return rivals ? takes_nchw(c) : c.dense; };
  const auto is_choice = [&](const Candidate& c) { return layout_of(c) == "rows" || is_dense(c); };
  Chosen every;
  for (const auto& c : all) {
    if (is_choice(*c)) every.push_back(c.get());
  }
  const TimingOptions options{settings.rounds, spec.cold, spec.threads};
  std::vector<Times> times = in_turns(every, options);
  const auto charged = [&](const Candidate& c, const Times& t) {
    return multiplies_all(c) ? median(t) : kMargin * median(t) + kDoubt;
  };
  const int dense = fastest(every, times, is_dense);
  const int own = cheapest(every, [&](const Candidate& c) { return layout_of(c) == "rows" && (rivals || !c.dense); },
                           [&](size_t i) { return charged(*every[i], times[i]); });
  const Choice by_dense{spec, dense < 0 ? "dense" : every[dense]->name, 1, false, false, false};
  if (dense < 0 || own < 0) return by_dense;
  // Among many candidates dense weights lose their place in the last-level cache, which a layer that runs
  // alone keeps; and what else the machine does changes every few milliseconds.
  const Chosen pair = {every[dense], every[own]};
  const TimingOptions longer{kAgain * options.rounds, options.cold, options.threads};
  times = in_turns(pair, spec.cold ? options : longer);
  if (!rivals && charged(*pair[1], times[1]) >= median(times[0])) return by_dense;
  std::vector<Times> again = in_turns(pair, options);
  Choice choice{spec, pair[1]->name, ratio(again[0], again[1]).median, !multiplies_all(*pair[1]), true, false};
  if (choice.ratio < kNeverSlower) {
    again = in_turns(pair, longer);
    choice.ratio = ratio(again[0], again[1]).median;
    choice.measured_again = true;
  }
  return choice;
}

}  // namespace bench
