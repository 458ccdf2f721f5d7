// The tables of explain and of probe.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/print.h"

namespace plan {

// Rows of cells; the last column is never padded. A cell wider than its column may be (`widest`; 56 where that says
// nothing) moves what follows it, in its row alone.
class TextTable {
 public:
  explicit TextTable(const PrintStyle& style, std::vector<std::size_t> widest = {}) : style_(style), widest_(std::move(widest)) {}
  void row(std::initializer_list<std::string_view> cells) {
    std::size_t column = 0;
    for (const auto cell : cells) {
      const bool bold = column == 0 && style_.colour;
      text_.append(2, ' ');
      if (bold) text_ += "\x1b[1m";
      text_ += cell;
      if (bold) text_ += "\x1b[0m";
      if (style_.align) pad(column, cell.size(), column + 1 == cells.size());
      ++column;
    }
    text_ += '\n';
  }

  std::string print() && {
    if (gaps_.empty()) return std::move(text_);
    std::string out;
    std::size_t begin = 0;
    for (const auto& gap : gaps_) {
      out.append(text_, begin, gap.at - begin);
      if (widths_[gap.column] > gap.size) out.append(widths_[gap.column] - gap.size, ' ');
      begin = gap.at;
    }
    return out.append(text_, begin);
  }

 private:
  static constexpr std::size_t kWidest = 56;
  struct Gap {
    std::size_t at;  // in text_
    std::size_t column, size;  // of the cell before it
  };

  void pad(std::size_t column, std::size_t size, bool last) {
    if (column == widths_.size()) widths_.push_back(0);
    widths_[column] = std::max(widths_[column], std::min(size, column < widest_.size() ? widest_[column] : kWidest));
    if (!last) gaps_.push_back({text_.size(), column, size});
  }

  PrintStyle style_;
  std::vector<std::size_t> widest_, widths_;
  std::string text_;  // the rows, not yet padded
  std::vector<Gap> gaps_;
};

}  // namespace plan
