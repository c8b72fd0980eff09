// SPDX-License-Identifier: Apache-2.0
// What designs share that keep a stream of records for each 4 rows.
#ifndef SPARSELAND_DESIGNS_BLOCK_ROWS_H_
#define SPARSELAND_DESIGNS_BLOCK_ROWS_H_

#include "../panels.h"

namespace sl {

constexpr int64_t kBlockRows = 4;

template <typename Record>
class BlockRows : public PanelDesign {
 public:
  using PanelDesign::PanelDesign;

  int64_t bytes() const override {
    return PanelDesign::bytes() + counts_.bytes() + records_.bytes() + parts_.bytes();
  }

 protected:
  // Memory for records, of which block row b has starts[b + 1] - starts[b], cut into parts of about
  // equal work; false without memory.
  bool make(const Array<int64_t>& starts) {
    const int64_t block_rows = up(n, kBlockRows);
    if (!counts_.make(static_cast<size_t>(block_rows)) ||
        !records_.make(static_cast<size_t>(starts[block_rows])) ||
        !parts_.make(static_cast<size_t>(cut(starts, nullptr)) + 1)) {
      return false;
    }
    cut(starts, parts_.get());
    for (int64_t b = 0; b < block_rows; ++b) {
      counts_[b] = static_cast<int32_t>(starts[b + 1] - starts[b]);
    }
    return true;
  }

  int64_t parts() const override { return static_cast<int64_t>(parts_.size()) - 1; }
  Part part(int64_t i) const override {
    const int64_t first = parts_[i].block_row * kBlockRows;
    return {first, least(n, parts_[i + 1].block_row * kBlockRows) - first};
  }
  const int32_t* counts(int64_t part) const { return counts_.get() + parts_[part].block_row; }
  const Record* records(int64_t part) const { return records_.get() + parts_[part].record; }

  Array<int32_t> counts_;   // [block rows]
  Array<Record> records_;   // block row after block row

 private:
  static constexpr int64_t kPartRows = 64;    // sums for 32 tokens take 8 KiB, a quarter of a usual L1
  static constexpr int64_t kLeastParts = 16;  // where there are rows enough, for threads to share evenly

  // Where a part begins; there is one more than there are parts.
  struct Start {
    int64_t block_row, record;
  };

  // The count of parts; `to` may be null to count only. They begin at multiples of 16 rows, so that
  // rows of outputs are written in whole lines.
  int64_t cut(const Array<int64_t>& starts, Start* to) const {
    const int64_t block_rows = up(n, kBlockRows);
    const int64_t total = starts[block_rows] + block_rows;  // a row costs something of its own
    int64_t count = 0, first = 0;
    for (int64_t b = 0; b <= block_rows; ++b) {
      const bool full = (b - first) * kBlockRows >= kPartRows ||
                        (starts[b] + b) * kLeastParts >= total * (count + 1);
      if (b > 0 && b < block_rows && (!full || b % 4 != 0)) continue;
      if (b > 0) ++count;
      if (to != nullptr) to[count] = {b, starts[b]};
      first = b;
    }
    return count;
  }

  Array<Start> parts_;
};

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_BLOCK_ROWS_H_
