#include "cli/kept_config.h"

#include <vector>

namespace cli {
namespace {

struct Cut {
  std::size_t begin, end;
  std::string_view instead;
};

// Walks over valid JSON: every function begins at, or before, what it is about, and returns the place behind it.
struct Scanner {
  std::string_view text;
  bool escaped_name = false;

  std::size_t space(std::size_t at) const {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
    return at;
  }
  std::size_t string(std::size_t at) const {
    for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\' ? 1U : 0U;
    return at + 1;
  }
  std::size_t value(std::size_t at) const {
    std::size_t depth = 0;
    for (at = space(at); at < text.size();) {
      const char c = text[at];
      if (c == '"') {
        at = string(at);
        if (depth == 0) return at;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) return at;  // behind a number or a word
      if (c == '{' || c == '[') ++depth;
      ++at;
      if ((c == '}' || c == ']') && --depth == 0) return at;
    }
    return text.size();
  }
  // each(name, begin, end) with every member's value of the object at `at`.
  void members(std::size_t at, auto&& each) {
    at = space(at);
    if (at >= text.size() || text[at] != '{') return;
    for (at = space(at + 1); at < text.size() && text[at] == '"';) {
      const std::size_t behind = string(at);
      const auto name = text.substr(at + 1, behind - at - 2);
      escaped_name = escaped_name || name.find('\\') != std::string_view::npos;
      const std::size_t begin = space(space(behind) + 1);  // behind the colon
      const std::size_t end = value(begin);
      each(name, begin, end);
      at = space(end);
      if (at < text.size() && text[at] == ',') at = space(at + 1);
    }
  }
};

}  // namespace

std::optional<std::string> without_values(std::string_view text) {
  Scanner scanner{text};
  std::vector<Cut> cuts;
  scanner.members(0, [&](std::string_view name, std::size_t begin, std::size_t end) {
    if (name == "annotations" || name == "hooks") cuts.push_back({begin, end, "{}"});
    if (name != "process") return;
    scanner.members(begin, [&](std::string_view member, std::size_t from, std::size_t to) {
      if (member == "env") cuts.push_back({from, to, "[]"});
      if (member == "args") cuts.push_back({from, to, R"(["-"])"});
    });
  });
  if (scanner.escaped_name) return std::nullopt;
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  for (const auto& cut : cuts) {
    out.append(text.substr(at, cut.begin - at)).append(cut.instead);
    at = cut.end;
  }
  return out.append(text.substr(at));
}

}  // namespace cli
