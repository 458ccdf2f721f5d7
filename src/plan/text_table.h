// The tables of explain and of probe.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "plan/print.h"

namespace plan {

// Rows of cells; the last column is never padded. A cell wider than its column may be (`widest`; 56 where that says
// nothing) moves what follows it, in its row alone.
class TextTable {
 public:
  explicit TextTable(const PrintStyle& style, std::vector<std::size_t> widest = {}) : style_(style), widest_(std::move(widest)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  std::string print() const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], std::min(row[i].size(), i < widest_.size() ? widest_[i] : kWidest));
    }
    std::string out;
    for (const auto& row : rows_) {
      out += "  ";
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (i == 0 && style_.colour) out += "\x1b[1m";
        out += row[i];
        if (i == 0 && style_.colour) out += "\x1b[0m";
        if (i + 1 == row.size()) break;
        out += style_.align && widths[i] > row[i].size() ? std::string(widths[i] - row[i].size() + 2, ' ') : "  ";
      }
      out += '\n';
    }
    return out;
  }

 private:
  static constexpr std::size_t kWidest = 56;
  PrintStyle style_;
  std::vector<std::size_t> widest_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace plan
