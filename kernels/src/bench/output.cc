// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <utility>

namespace bench {
namespace {

__attribute__((format(printf, 1, 2))) std::string format(const char* pattern, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  return text;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= ' ') out += c;
  }
  return out + "\"";
}

std::string joined(const std::vector<std::string>& items, const char* between) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : between) + item;
  return out;
}

std::string array(const std::vector<std::string>& items) {
  std::vector<std::string> strings;
  for (const std::string& item : items) strings.push_back(quoted(item));
  return "[" + joined(strings, ", ") + "]";
}

std::string one_line(const Spec& s) {
  return format("%s,%s,%s,%ld,%ld,%ld,%.2f,%d,%s", name(s.type), s.pattern.c_str(), s.op.name().c_str(),
                static_cast<long>(s.shape.m), static_cast<long>(s.shape.n),
                static_cast<long>(s.shape.k), s.sparsity, s.threads, s.cold ? "cold" : "warm");
}

std::string spec_json(const Spec& s) {
  return format(
      "\"type\": \"%s\", \"pattern\": %s, \"operation\": \"%s\", \"m\": %ld, \"n\": %ld, \"k\": %ld, \"sparsity\": %.4g, "
      "\"threads\": %d, \"cold\": %s",
      name(s.type), quoted(s.pattern).c_str(), s.op.name().c_str(), static_cast<long>(s.shape.m),
      static_cast<long>(s.shape.n), static_cast<long>(s.shape.k), s.sparsity, s.threads,
      s.cold ? "true" : "false");
}

void print_head(const Machine& m, const Peers& peers) {
  std::printf("cpu        %s, level %s, %d threads, load average %.2f\n", m.cpu.c_str(),
              m.level.c_str(), m.threads, m.load);
  std::printf("per core   fp32 %.0f GFLOP/s, bf16 %.0f GFLOP/s, int8 %.0f GOP/s (from registers)\n",
              m.f32 / 1e9, m.bf16 / 1e9, m.i8 / 1e9);
  std::printf("read GB/s  L1 %.0f / %.0f, L2 %.0f / %.0f, DRAM %.1f / %.1f (1 / %d threads)\n",
              m.l1.one / 1e9, m.l1.all / 1e9, m.l2.one / 1e9, m.l2.all / 1e9, m.dram.one / 1e9,
              m.dram.all / 1e9, m.threads);
  std::printf("peers      %s\n", peers.present.empty() ? "none: dense is our own dense kernel"
                                                       : joined(peers.present, ", ").c_str());
  for (const std::string& line : peers.absent) std::printf("absent     %s\n", line.c_str());
}

const Row* find(const std::vector<Row>& rows, const Spec& spec, const std::string& layout) {
  for (const Row& row : rows) {
    if (row.spec.key() == spec.key() && row.layout == layout) return &row;
  }
  return nullptr;
}

// The quotient that a goal asks for: by medians of pairs, and by the best times.
bool quotient(const Row& row, const std::string& against, double* typical, double* best) {
  if (against == "peak") {
    *typical = row.share_of_peak;
    *best = row.share_of_peak * row.seconds / row.best_seconds;
    return true;
  }
  if (against == "dense") {
    *typical = row.to_dense.median;
    *best = row.to_dense.best;
    return true;
  }
  const auto peer = row.peers.find(against);
  if (peer == row.peers.end()) return false;
  *typical = peer->second.median;
  *best = peer->second.best;
  return true;
}

}  // namespace

void print_rows(const std::vector<Row>& rows, const Machine& machine, const Peers& peers) {
  print_head(machine, peers);
  std::printf(
      "ratio: dense time over ours, median of interleaved pairs; best: of the best times\n\n");
  std::printf("%-4s %-12s %-20s %5s %9s %4s %2s %-6s %-8s %6s %6s %6s %5s %7s %7s  %s\n", "type",
              "pattern", "operation", "m", "n x k", "s", "t", "layout", "design", "ratio", "best", "spread",
              "peak", "GFLOP/s", "GB/s", "dense at its share of peak; ours over each peer");
  for (const Row& r : rows) {
    const Spec& s = r.spec;
    std::string others = format("%s at %.0f%%;", r.dense.c_str(), 100 * r.dense_share_of_peak);
    for (const auto& [peer, ratio] : r.peers)
      others += format(" %s %.2f", peer.c_str(), ratio.median);
    std::printf(
        "%-4s %-12s %-20s %5ld %9s %4.2f %2d %-6s %-8s %6.2f %6.2f %5.0f%% %4.0f%% %7.1f %7.1f  %s%s\n",
        name(s.type), s.pattern.c_str(), s.op.name().c_str(), static_cast<long>(s.shape.m),
        format("%ldx%ld", static_cast<long>(s.shape.n), static_cast<long>(s.shape.k)).c_str(),
        s.sparsity, s.threads, r.layout.c_str(), r.design.c_str(), r.to_dense.median,
        r.to_dense.best, 100 * r.to_dense.spread, 100 * r.share_of_peak, r.gflops,
        r.bytes_per_second / 1e9, s.cold ? "cold; " : "", others.c_str());
  }
}

void print_csv(const std::vector<Row>& rows) {
  std::printf(
      "type,pattern,operation,m,n,k,sparsity,threads,caches,layout,design,dense,ratio_to_dense,"
      "best_ratio,spread,share_of_peak,dense_share_of_peak,gflops,bytes_per_second,seconds,peer_"
      "ratios\n");
  for (const Row& r : rows) {
    std::vector<std::string> others;
    for (const auto& [peer, ratio] : r.peers) {
      others.push_back(format("%s=%.3f", peer.c_str(), ratio.median));
    }
    std::printf("%s,%s,%s,%s,%.3f,%.3f,%.3f,%.4f,%.4f,%.2f,%.4g,%.4g,%s\n",
                one_line(r.spec).c_str(), r.layout.c_str(), r.design.c_str(), r.dense.c_str(),
                r.to_dense.median, r.to_dense.best, r.to_dense.spread, r.share_of_peak,
                r.dense_share_of_peak, r.gflops, r.bytes_per_second, r.seconds,
                joined(others, " ").c_str());
  }
}

void print_json(const std::vector<Row>& rows, const Machine& m, const Peers& peers) {
  std::printf(
      "{\n  \"machine\": {\"cpu\": %s, \"level\": %s, \"threads\": %d, \"load_average\": %.2f,\n",
      quoted(m.cpu).c_str(), quoted(m.level).c_str(), m.threads, m.load);
  std::printf(
      "    \"fp32_flops_per_core\": %.4g, \"bf16_flops_per_core\": %.4g, "
      "\"int8_ops_per_core\": %.4g,\n",
      m.f32, m.bf16, m.i8);
  std::printf(
      "    \"bytes_per_second\": {\"l1\": [%.4g, %.4g], \"l2\": [%.4g, %.4g], "
      "\"dram\": [%.4g, %.4g]},\n",
      m.l1.one, m.l1.all, m.l2.one, m.l2.all, m.dram.one, m.dram.all);
  std::printf("    \"peers\": %s, \"absent\": %s},\n  \"rows\": [", array(peers.present).c_str(),
              array(peers.absent).c_str());
  const char* between = "\n";
  for (const Row& r : rows) {
    std::vector<std::string> others;
    for (const auto& [peer, ratio] : r.peers) {
      others.push_back(format("%s: %.4g", quoted(peer).c_str(), ratio.median));
    }
    std::printf(
        "%s    {%s, \"layout\": \"%s\", \"design\": %s, \"dense\": %s, "
        "\"ratio_to_dense\": %.4g, \"best_ratio\": %.4g, \"spread\": %.4g, "
        "\"share_of_peak\": %.4g, \"dense_share_of_peak\": %.4g, \"gflops\": %.4g, "
        "\"bytes_per_second\": %.4g, "
        "\"seconds\": %.4g, \"peer_ratios\": {%s}}",
        between, spec_json(r.spec).c_str(), r.layout.c_str(), quoted(r.design).c_str(),
        quoted(r.dense).c_str(), r.to_dense.median, r.to_dense.best, r.to_dense.spread,
        r.share_of_peak, r.dense_share_of_peak, r.gflops, r.bytes_per_second, r.seconds,
        joined(others, ", ").c_str());
    between = ",\n";
  }
  std::printf("\n  ]\n}\n");
}

void print_goals(const std::vector<Row>& rows, const Machine& machine, const Peers& peers) {
  print_head(machine, peers);
  std::printf(
      "ours: geometric mean over the shapes; best: of the best times, as the goals were set\n\n");
  std::printf("%-46s %6s %8s %7s %7s  %s\n", "regime", "goal", "stretch", "ours", "best", "");
  int reached = 0, measured = 0;
  for (const Goal& goal : kGoals) {
    double typical_sum = 0, best_sum = 0;
    std::string designs, missing;
    const std::vector<Spec> specs = specs_of(goal, machine.threads);
    for (const Spec& spec : specs) {
      const Row* row = find(rows, spec, goal.layout);
      double typical, best;
      if (row == nullptr || !quotient(*row, goal.against, &typical, &best)) {
        missing = row == nullptr ? "not measured: no design takes it" : "peer absent";
        continue;
      }
      typical_sum += std::log(typical);
      best_sum += std::log(best);
      if (designs.find(row->design) == std::string::npos) {
        designs += (designs.empty() ? "" : ", ") + row->design;
      }
    }
    if (!missing.empty()) {
      std::printf("%-46s %6.2f %8.2f %7s %7s  %s\n", goal.label.c_str(), goal.goal, goal.stretch,
                  "-", "-", missing.c_str());
      continue;
    }
    const double typical = std::exp(typical_sum / specs.size());
    const double best = std::exp(best_sum / specs.size());
    ++measured;
    reached += best >= goal.goal;
    std::printf("%-46s %6.2f %8.2f %7.2f %7.2f  %-7s (%s)\n", goal.label.c_str(), goal.goal,
                goal.stretch, typical, best,
                best >= goal.stretch ? "stretch"
                : best >= goal.goal  ? "goal"
                                     : "below",
                designs.c_str());
  }
  std::printf("\n%d of %d measured goals reached, %zu in all\n", reached, measured, kGoals.size());
}

void print_sweep(const std::vector<Choice>& choices, bool json) {
  if (choices.empty()) return;
  std::vector<Choice> sorted = choices;
  std::sort(sorted.begin(), sorted.end(), [](const Choice& a, const Choice& b) {
    return std::make_pair(!a.compared, a.ratio) < std::make_pair(!b.compared, b.ratio);
  });
  const auto sparse =
      std::count_if(sorted.begin(), sorted.end(), [](const Choice& c) { return c.sparse; });
  if (json) {
    std::printf("{\"points\": %zu, \"sparse\": %td, \"worst_ratio\": %.4g, \"rows\": [",
                sorted.size(), sparse, sorted[0].ratio);
    const char* between = "\n";
    for (const Choice& c : sorted) {
      std::printf(
          "%s  {%s, \"design\": %s, \"sparse\": %s, \"ratio\": %.4g, \"measured_again\": %s}",
          between, spec_json(c.spec).c_str(), quoted(c.design).c_str(), c.sparse ? "true" : "false",
          c.ratio, c.measured_again ? "true" : "false");
      between = ",\n";
    }
    std::printf("\n]}\n");
    return;
  }
  std::printf(
      "%zu points, %td run sparse, the others dense; worst ratio to dense %.3f at %s (%s)\n",
      sorted.size(), sparse, sorted[0].ratio, sorted[0].spec.key().c_str(),
      sorted[0].design.c_str());
  for (size_t i = 0; i < sorted.size() && sorted[i].compared && i < 20; ++i) {
    std::printf("  %.3f %-8s %s%s\n", sorted[i].ratio, sorted[i].design.c_str(),
                sorted[i].spec.key().c_str(), sorted[i].measured_again ? " (measured again)" : "");
  }
}

}  // namespace bench
