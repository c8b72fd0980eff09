// SPDX-License-Identifier: Apache-2.0
// sparseland_bench: our kernels and their peers in one process, in turns. `--help` lists the
// options.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "output.h"

namespace bench {
namespace {

constexpr char kHelp[] =
    R"(sparseland_bench: our kernels and their peers in one process, in turns
  --quick             the BERT shapes at M = 1, 32, 128, 90 %, under a minute
  --goals             the table of goals: goal, stretch, ours
  --sweep             never slower than dense, over a grid of sparsities
  --conv              convolutions of ResNet and MobileNetV2 (--tokens: images)
  --training          the products of a training step: forward, input and weight gradient
  --json, --csv       instead of text
  --filter REGEX      only rows such as "fp32 4x1 m=128 768x768 s=0.90 t=2 cold" that match
  --rounds N          turns per row (15)
Axes, comma separated; they replace those of the suite:
  --types fp32,bf16,int8   --patterns unstructured,2:4,4x1   --shapes 768x768,3072x768 (outputs x inputs)
  --tokens 1,128           --sparsities 0.5,0.9              --threads 1,2
Ours:
  --design NAME       only this design (and dense)
  --level NAME        avx512, avx2 or scalar
  --no-peers          against our own dense kernel alone
Peers are modules beside this program, built for those found when its build was configured: MKL and oneDNN
under -DSL_BENCH_PEERS=FOLDER (`./sparseland bench kernels` sets up this build), Eigen and libxsmm in the system.
)";

struct Options {
  bool quick = false, goals = false, sweep = false, conv = false, training = false, json = false, csv = false;
  std::string filter;
  Settings settings;
  Axes axes;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> items;
  std::stringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');) items.push_back(item);
  return items;
}

Type type_of(const std::string& text) {
  for (Type type : {Type::kF32, Type::kBf16, Type::kI8}) {
    if (text == name(type)) return type;
  }
  throw std::invalid_argument("type '" + text + "'; allowed: fp32, bf16, int8");
}

std::pair<int64_t, int64_t> shape_of(const std::string& text) {
  long n = 0, k = 0;
  if (std::sscanf(text.c_str(), "%ldx%ld", &n, &k) != 2 || n < 1 || k < 1) {
    throw std::invalid_argument("shape '" + text + "'; give outputs x inputs, such as 3072x768");
  }
  return {n, k};
}

double number(const std::string& option, const std::string& text, double least, double most) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= least && value <= most)) {
    throw std::invalid_argument(option + " '" + text + "' is not a number it takes");
  }
  return value;
}

void set_value(const std::string& option, const std::string& value, Options* o) {
  if (option == "--filter")
    o->filter = value;
  else if (option == "--design")
    o->settings.ours.design = value;
  else if (option == "--level")
    o->settings.ours.level = value;
  else if (option == "--rounds")
    o->settings.rounds = static_cast<int>(number(option, value, 1, 1e6));
  else if (option == "--patterns")
    o->axes.patterns = split(value);
  else {
    for (const std::string& item : split(value)) {
      if (option == "--types")
        o->axes.types.push_back(type_of(item));
      else if (option == "--shapes")
        o->axes.shapes.push_back(shape_of(item));
      else if (option == "--tokens")
        o->axes.tokens.push_back(number(option, item, 1, 1e6));
      else if (option == "--sparsities")
        o->axes.sparsities.push_back(number(option, item, 0, 0.9999));
      else if (option == "--threads")
        o->axes.threads.push_back(number(option, item, 1, 1024));
      else
        throw std::invalid_argument("unknown option '" + option + "'; --help lists all");
    }
  }
}

Options parse(int count, char** words) {
  Options o;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--quick")
      o.quick = true;
    else if (word == "--goals")
      o.goals = true;
    else if (word == "--sweep")
      o.sweep = true;
    else if (word == "--conv")
      o.conv = true;
    else if (word == "--training")
      o.training = true;
    else if (word == "--json")
      o.json = true;
    else if (word == "--csv")
      o.csv = true;
    else if (word == "--no-peers")
      o.settings.peers = false;
    else if (i + 1 < count)
      set_value(word, words[++i], &o);
    else
      throw std::invalid_argument("unknown option or no value: '" + word + "'; --help lists all");
  }
  if (o.quick + o.goals + o.sweep > 1 || o.quick + o.goals + o.conv + o.training > 1 ||
      o.sweep + o.training > 1) {
    throw std::invalid_argument("one of --quick, --goals, --sweep, --conv, --training; --conv --sweep");
  }
  if (o.goals && o.axes.any()) {
    throw std::invalid_argument("--goals has its own rows; choose among them with --filter");
  }
  return o;
}

// Before any OpenMP runtime loads: its threads wait a few microseconds for the next call of a
// stretch, then sleep, so that they are gone when the next candidate's turn comes.
void quiet_openmp() {
  setenv("OMP_WAIT_POLICY", "passive", 1);
  setenv("GOMP_SPINCOUNT", "2000", 1);
  setenv("KMP_BLOCKTIME", "0", 1);
  setenv("MKL_THREADING_LAYER", "GNU", 1);
  setenv("OMP_DYNAMIC", "false", 1);
}

std::vector<Spec> filtered(const std::vector<Spec>& specs, const std::string& filter) {
  const std::regex wanted(filter);
  std::vector<Spec> out;
  std::set<std::string> seen;
  for (const Spec& spec : specs) {
    if (std::regex_search(spec.key(), wanted) && seen.insert(spec.key()).second) {
      out.push_back(spec);
    }
  }
  if (out.empty()) throw std::invalid_argument("no row matches '" + filter + "'");
  return out;
}

std::vector<Spec> suite(const Options& o, int all_threads) {
  if (o.conv) return conv_suite(o.axes, all_threads);
  if (o.training) return training_suite(o.axes, all_threads);
  if (o.sweep) return sweep_suite(o.axes, all_threads);
  if (o.quick) return quick_suite(o.axes, all_threads);
  if (!o.goals) return full_suite(o.axes, all_threads);
  std::vector<Spec> specs;
  for (const Goal& goal : kGoals) {
    for (const Spec& spec : specs_of(goal, all_threads)) specs.push_back(spec);
  }
  return specs;
}

void run(const Options& o) {
  quiet_openmp();
  Peers peers;
  if (o.settings.peers) load_onednn();
  const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const std::vector<Spec> specs = filtered(suite(o, threads), o.filter);
  size_t done = 0;
  const auto progress = [&](const Spec& spec) {
    std::fprintf(stderr, "[%zu/%zu] %s\n", ++done, specs.size(), spec.key().c_str());
  };
  if (o.sweep) {
    std::vector<Choice> choices;
    for (const Spec& spec : specs) {
      progress(spec);
      choices.push_back(choose(spec, o.settings, peers));
    }
    print_sweep(choices, o.json);
    return;
  }
  static const char* const kLevels[] = {"avx512", "avx2", "scalar"};
  const Machine machine = measure_machine(kLevels[level_index(o.settings.ours.level)]);
  std::vector<Row> rows;
  for (const Spec& spec : specs) {
    progress(spec);
    for (Row& row : measure(spec, o.settings, peers, machine)) rows.push_back(std::move(row));
  }
  if (o.json)
    print_json(rows, machine, peers);
  else if (o.csv)
    print_csv(rows);
  else if (o.goals)
    print_goals(rows, machine, peers);
  else
    print_rows(rows, machine, peers);
}

}  // namespace
}  // namespace bench

int main(int count, char** words) {
  try {
    if (count > 1 && std::strcmp(words[1], "--help") == 0) {
      std::fputs(bench::kHelp, stdout);
      return 0;
    }
    bench::run(bench::parse(count, words));
    return 0;
  } catch (const std::invalid_argument& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
