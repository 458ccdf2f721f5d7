// Offsets, lines and columns, worked out only when a message needs them.
#include "base/text.h"
#include "oci/json.h"

namespace oci {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) { spaces(); }

  std::size_t at() const { return at_; }
  bool ended() const { return at_ >= text_.size(); }

  // From the start of an object or array to the start of the value that `segment` names in it.
  bool descend(std::string_view segment) {
    if (ended()) return false;
    if (text_[at_] == '{') return descend_object(segment);
    if (text_[at_] == '[') return descend_array(segment);
    return false;
  }

 private:
  bool descend_object(std::string_view name) {
    for (step(); !ended() && text_[at_] == '"'; step()) {
      const std::size_t start = at_;
      string();
      const bool match = key(text_.substr(start, at_ - start)) == name;
      spaces();
      step();  // ':'
      if (match) return !ended();
      value();
      if (ended() || text_[at_] != ',') return false;
    }
    return false;
  }

  bool descend_array(std::string_view segment) {
    const auto index = base::parse_u64(segment);
    if (!index) return false;
    step();
    for (std::uint64_t i = 0; i < *index; ++i) {
      value();
      if (ended() || text_[at_] != ',') return false;
      step();
    }
    return !ended() && text_[at_] != ']';
  }

  void spaces() {
    while (!ended() && is_space(text_[at_])) ++at_;
  }
  void step() {
    if (!ended()) ++at_;
    spaces();
  }
  void string() {
    for (++at_; !ended() && text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    if (!ended()) ++at_;
  }
  void value() {
    std::size_t depth = 0;
    while (!ended()) {
      const char c = text_[at_];
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) return;
      if (c == '"') {
        string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    }
  }
  static std::string key(std::string_view quoted) {
    if (quoted.find('\\') == std::string_view::npos) return std::string(quoted.substr(1, quoted.size() - 2));
    const auto name = parse_json(quoted, "");
    return name && name->root().is_string() ? std::string(*name->root().get_string()) : "";
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string unescape_segment(std::string_view segment) {
  std::string out;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] == '~' && i + 1 < segment.size()) {
      out += segment[++i] == '1' ? '/' : '~';
    } else {
      out += segment[i];
    }
  }
  return out;
}

}  // namespace

Place place_at(std::string_view text, std::size_t offset) {
  if (offset > text.size()) offset = text.size();
  Place place{offset, 1, 1};
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      ++place.column;  // continuation bytes belong to the character before
    }
  }
  return place;
}

std::optional<Place> locate(std::string_view text, std::string_view pointer) {
  Walker walker(text);
  while (!pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    pointer.remove_prefix(1);
    const std::size_t end = pointer.find('/');
    if (!walker.descend(unescape_segment(pointer.substr(0, end)))) return std::nullopt;
    pointer = end == std::string_view::npos ? std::string_view{} : pointer.substr(end);
  }
  if (walker.ended()) return std::nullopt;
  return place_at(text, walker.at());
}

}  // namespace oci
