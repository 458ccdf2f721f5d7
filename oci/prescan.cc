#include "oci/prescan.h"

#include <cstring>

#include "base/text.h"
#include "oci/json.h"

namespace oci {

namespace {

constexpr std::string_view kOpen = "\"\\u0000";  // what a moved integer gets in front …
constexpr std::string_view kClose = "\"";        // … and behind

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_number_char(char c) { return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'; }

class Scanner {
 public:
  Scanner(std::string_view text, Prescan& out, TextFault& fault) : text_(text), out_(out), fault_(fault) {}

  bool run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!string()) return false;
      } else if (is_digit(c) || c == '-') {
        if (!number()) return false;
      } else {
        if (c == '{' || c == '[') {
          if (++depth_ > kMaxJsonDepth) return fail(at_, base::cat("more than ", kMaxJsonDepth, " levels deep"));
        } else if (c == '}' || c == ']') {
          if (depth_ > 0) --depth_;  // an unbalanced text is jansson's to refuse
        } else if (c == '\0') {
          return fail(at_, "NUL byte");
        }
        ++at_;
      }
    }
    if (!out_.moved.empty()) out_.rewritten += text_.substr(copied_);
    return true;
  }

 private:
  bool fail(std::size_t offset, std::string what) {
    fault_ = {offset, std::move(what)};
    return false;
  }

  bool string() {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\0') return fail(at_, "NUL byte");
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (text_.substr(at_ + 1, 5) == "u0000") return fail(at_, "NUL (\\u0000) in a string");
        ++at_;  // whatever is escaped does not end the string
        if (at_ < text_.size() && text_[at_] == '\0') return fail(at_, "NUL byte");
      }
    }
    return true;  // unterminated: jansson says so
  }

  bool number() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_number_char(text_[at_])) ++at_;
    const std::string_view literal = text_.substr(start, at_ - start);
    const bool negative = literal.front() == '-';
    const std::string_view digits = literal.substr(negative ? 1 : 0);
    // 18 digits always fit. A leading zero or a stray sign is no JSON number and left for jansson to refuse.
    if (digits.size() < 19 || digits.front() == '0') return true;
    for (const char c : digits)
      if (!is_digit(c)) return true;
    if (base::parse_i64(literal)) return true;
    if (negative || !base::parse_u64(digits)) return fail(start, base::cat("integer out of range: ", cut(literal)));
    out_.rewritten += text_.substr(copied_, start - copied_);
    base::append(out_.rewritten, kOpen);
    base::append(out_.rewritten, literal);
    base::append(out_.rewritten, kClose);
    out_.moved.push_back(start);
    copied_ = at_;
    return true;
  }

  static std::string cut(std::string_view literal) {
    constexpr std::size_t kShown = 30;
    return literal.size() <= kShown ? std::string(literal) : base::cat(literal.substr(0, kShown), "…");
  }

  std::string_view text_;
  Prescan& out_;
  TextFault& fault_;
  std::size_t at_ = 0;
  std::size_t copied_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

std::size_t Prescan::original_offset(std::size_t offset) const {
  for (std::size_t i = 0; i < moved.size(); ++i) {
    // All moved integers are of 19 or 20 digits; how many does not matter for finding the way back.
    const std::size_t shift_before = i * (kOpen.size() + kClose.size());
    const std::size_t opened = moved[i] + shift_before;
    if (offset <= opened) return offset - shift_before;
    if (offset <= opened + kOpen.size()) return moved[i];
    const std::size_t closed = rewritten.find('"', opened + kOpen.size());
    if (offset <= closed) return offset - shift_before - kOpen.size();
  }
  const std::size_t shift = moved.size() * (kOpen.size() + kClose.size());
  return offset < shift ? 0 : offset - shift;
}

bool prescan_json(std::string_view text, Prescan& out, TextFault& fault) { return Scanner(text, out, fault).run(); }

}  // namespace oci
