#include "cli/table.h"

#include <algorithm>

#include "base/text.h"

namespace cli {
namespace {

constexpr std::size_t kMinWidth = 12;
constexpr std::size_t kGap = 3;

}  // namespace

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::string out;
  for (const auto& line : table_lines(rows)) out += line + '\n';
  return out;
}

std::vector<std::string> table_lines(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    if (widths.size() < row.size()) widths.resize(row.size(), kMinWidth);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], base::escape(row[i]).size() + kGap);
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string& out = lines.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = base::escape(row[i]);
      out += cell;
      if (i + 1 < row.size()) out.append(widths[i] - cell.size(), ' ');
    }
  }
  return lines;
}

std::string user_name(std::string_view passwd, std::uint32_t uid) {
  for (const auto& line : base::split(passwd, '\n')) {
    const auto fields = base::split(line, ':');  // name:password:uid:…, passwd(5)
    if (fields.size() >= 3 && !fields[0].empty() && base::parse_u64(fields[2]) == uid) return fields[0];
  }
  return base::cat('#', uid);
}

}  // namespace cli
