// A candidate prepared for counting: what each of its thresholds does to the rows.
#pragma once
#include <cstdint>
#include <vector>

#include "heads/outcomes.h"
#include "search/thresholds.h"

namespace offramp {

// Rows, rows harmed and rows mended (backbone wrong, exit right), 21 bits each, so that one addition adds all three.
using Counts = uint64_t;
inline constexpr Counts counts_of(bool harmed, bool mended) { return 1 | Counts(harmed) << 21 | Counts(mended) << 42; }
inline constexpr int64_t rows_of(Counts c) { return int64_t(c & 0x1fffff); }
inline constexpr int64_t harmed_of(Counts c) { return int64_t(c >> 21 & 0x1fffff); }
inline constexpr int64_t mended_of(Counts c) { return int64_t(c >> 42); }

// A row whose answer a candidate would harm or mend, for limits by class.
struct ClassChange {
  int32_t row = 0;
  int32_t known_class = 0;  // numbered among the classes that have rows
  uint16_t passed = 0;      // levels
  bool harmed = false;      // or mended
};

// One candidate, prepared.
struct Column {
  int32_t candidate = 0;
  ThresholdLevels levels;
  std::vector<Counts> rows;        // by row
  std::vector<int32_t> by_level;   // row numbers in order of levels passed
  std::vector<int32_t> level_end;  // by count of levels passed, one past its rows in by_level
  std::vector<Counts> leaving;     // by level, of the rows that leave there
  std::vector<ClassChange> changes;  // most levels passed first; filled in for limits by class only
};
// Precondition: scores in [0, 1], one per row, and at most 2^21 - 1 rows.
Column prepare_column(const Outcomes& outcomes, int32_t candidate, int levels);

}  // namespace offramp
