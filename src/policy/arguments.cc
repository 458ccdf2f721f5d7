#include "policy/arguments.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <optional>
#include <string>

#include "base/text.h"

namespace policy {

namespace {

using Alternative = std::vector<ArgCheck>;
using Alternatives = std::vector<Alternative>;

constexpr std::size_t kMaxAlternatives = 64;  // "&&" multiplies them
constexpr int kMaxDepth = 16;

struct Constant {
  std::string_view name;
  std::uint32_t value;
};

constexpr Constant kConstants[] = {
    {"AF_UNIX", AF_UNIX},         {"AF_INET", AF_INET},         {"AF_INET6", AF_INET6}, {"AF_NETLINK", AF_NETLINK},
    {"SOCK_STREAM", SOCK_STREAM}, {"SOCK_DGRAM", SOCK_DGRAM},   {"SOCK_RAW", SOCK_RAW}, {"IPPROTO_ICMP", IPPROTO_ICMP},
    {"IPPROTO_TCP", IPPROTO_TCP}, {"IPPROTO_UDP", IPPROTO_UDP}, {"NETLINK_ROUTE", 0},     {"AF_PACKET", AF_PACKET},
    {"AF_ALG", AF_ALG},           {"AF_VSOCK", AF_VSOCK},       {"AF_XDP", AF_XDP},       {"AF_TIPC", AF_TIPC},
    {"AF_CAN", AF_CAN},           {"AF_BLUETOOTH", AF_BLUETOOTH}, {"AF_RDS", AF_RDS},
};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  base::Result<Alternatives> parse() {
    auto all = TRY(any(0));
    skip();
    if (at_ != text_.size()) return fault("\"&&\", \"||\" or the end");
    return all;
  }

 private:
  base::Result<Alternatives> any(int depth) {
    auto out = TRY(every(depth));
    while (eat("||")) {
      auto more = TRY(every(depth));
      out.insert(out.end(), more.begin(), more.end());
      if (out.size() > kMaxAlternatives) return too_many();
    }
    return out;
  }

  base::Result<Alternatives> every(int depth) {
    auto out = TRY(one(depth));
    while (eat("&&")) {
      const auto more = TRY(one(depth));
      if (out.size() * more.size() > kMaxAlternatives) return too_many();
      Alternatives product;
      for (const auto& left : out) {
        for (const auto& right : more) {
          product.push_back(left);
          product.back().insert(product.back().end(), right.begin(), right.end());
        }
      }
      out = std::move(product);
    }
    return out;
  }

  base::Result<Alternatives> one(int depth) {
    if (!eat("(")) return Alternatives{{TRY(check())}};
    if (depth >= kMaxDepth) return base::Error::policy(base::cat("more than ", kMaxDepth, " levels of parentheses"));
    auto inner = TRY(any(depth + 1));
    if (!eat(")")) return fault("\")\"");
    return inner;
  }

  base::Result<ArgCheck> check() {
    const auto word = next_word();
    if (word.size() != 2 || word[0] != 'a' || word[1] < '0' || word[1] > '5')
      return fault("an argument, a0 to a5", word);
    ArgCheck out{.index = static_cast<std::uint32_t>(word[1] - '0')};
    if (!looking_at("&&") && eat("&")) out.mask = TRY(number());
    const bool negated = looking_at("!=");
    if (eat("==") || eat("!=")) {
      out.equals = !negated;
      out.values.push_back(TRY(number()));
    } else if (eat_word("in")) {
      if (!eat("{")) return fault("\"{\"");
      do {
        out.values.push_back(TRY(number()));
      } while (eat(","));
      if (!eat("}")) return fault("\",\" or \"}\"");
    } else {
      return fault("\"==\", \"!=\" or \"in\"");
    }
    for (const auto value : out.values) {
      if ((value & ~out.mask) != 0)
        return base::Error::policy(base::cat(word, " & ", out.mask, " can never be ", value));
    }
    return out;
  }

  base::Result<std::uint32_t> number() {
    const auto word = next_word();
    if (!word.empty() && word[0] >= '0' && word[0] <= '9') {
      const bool hex = word.starts_with("0x");
      const auto digits = hex ? word.substr(2) : word;
      std::uint32_t value = 0;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
      if (error != std::errc{} || end != digits.data() + digits.size()) return fault("a number of 32 bits", word);
      return value;
    }
    std::vector<std::string_view> names;
    for (const auto& constant : kConstants) {
      if (constant.name == word) return constant.value;
      names.push_back(constant.name);
    }
    auto error = fault("a number or a constant's name", word);
    const auto meant = base::nearest(word, names);
    return meant.empty() ? std::move(error)
                         : std::move(error).hint(base::cat("did you mean ", base::quote(meant), "?"));
  }

  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool looking_at(std::string_view token) {
    skip();
    return text_.substr(at_).starts_with(token);
  }
  bool eat(std::string_view token) {
    if (!looking_at(token)) return false;
    at_ += token.size();
    return true;
  }
  bool eat_word(std::string_view word) {
    const auto before = at_;
    if (next_word() == word) return true;
    at_ = before;
    return false;
  }
  std::string_view next_word() {
    skip();
    const auto start = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  // `word`: what was read and does not do; else what comes next.
  base::Error fault(std::string_view want, std::string_view word = {}) {
    if (word.empty()) skip();
    const auto column = at_ - word.size() + 1;
    auto have = word.empty() ? text_.substr(at_, 1) : word;
    return base::Error::policy(
        base::cat("at character ", column, ": want ", want, ", have ", have.empty() ? "the end" : base::quote(have)));
  }
  base::Error too_many() { return base::Error::policy(base::cat("more than ", kMaxAlternatives, " alternatives")); }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

base::Result<std::vector<std::vector<ArgCheck>>> parse_arguments(std::string_view text) { return Parser(text).parse(); }

namespace {

std::string check_text(const ArgCheck& check) {
  std::string out = base::cat('a', check.index);
  if (check.mask != 0xffffffff) out += base::cat(" & ", check.mask);
  if (check.values.size() == 1) return out + base::cat(check.equals ? " == " : " != ", check.values.front());
  out += check.equals ? " in {" : " not in {";
  for (std::size_t i = 0; i < check.values.size(); ++i) out += base::cat(i == 0 ? "" : ", ", check.values[i]);
  return out + "}";
}

}  // namespace

std::string arguments_text(const std::vector<std::vector<ArgCheck>>& any_of) {
  std::string out;
  for (const auto& all_of : any_of) {
    if (!out.empty()) out += " || ";
    for (std::size_t i = 0; i < all_of.size(); ++i) out += (i == 0 ? "" : " && ") + check_text(all_of[i]);
  }
  return out.empty() ? "never" : out;
}

}  // namespace policy
