// SPDX-License-Identifier: Apache-2.0
// Results as text, CSV or JSON, to standard output.
#ifndef SPARSELAND_BENCH_OUTPUT_H_
#define SPARSELAND_BENCH_OUTPUT_H_

#include <string>
#include <vector>

#include "machine.h"
#include "measure.h"
#include "suites.h"

namespace bench {

void print_rows(const std::vector<Row>& rows, const Machine& machine, const Peers& peers);
void print_csv(const std::vector<Row>& rows);
void print_json(const std::vector<Row>& rows, const Machine& machine, const Peers& peers);
// Goal, stretch and ours; the rows must hold those of every goal.
void print_goals(const std::vector<Row>& rows, const Machine& machine, const Peers& peers);
void print_sweep(const std::vector<Choice>& choices, bool json);

}  // namespace bench
#endif  // SPARSELAND_BENCH_OUTPUT_H_
