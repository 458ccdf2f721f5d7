#include "policy/comments.h"

#include <algorithm>

#include "base/text.h"
#include "oci/json.h"

namespace policy {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Behind the string that begins at `at`, or the end of a text that lacks its end.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at < text.size() ? at + 1 : text.size();
}

// Behind the comment that begins at `at`; npos if it has no end.
std::size_t end_of_comment(std::string_view text, std::size_t at) {
  if (text.substr(at).starts_with("//")) return std::min(text.find('\n', at), text.size());
  const std::size_t end = text.find("*/", at + 2);
  return end == std::string_view::npos ? end : end + 2;
}

bool begins_comment(std::string_view text, std::size_t at) {
  return text.substr(at).starts_with("//") || text.substr(at).starts_with("/*");
}

}  // namespace

base::Result<std::string> without_comments(std::string_view text, const std::string& source_name) {
  std::string out(text);
  char before = '\0';                          // the last character that counts, before `comma` too
  std::size_t comma = std::string_view::npos;  // one behind an element, nothing but space and comments since
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '/' && begins_comment(text, at)) {
      const std::size_t end = end_of_comment(text, at);
      if (end == std::string_view::npos) {
        const oci::Place place = oci::place_at(text, at);
        return base::Error::policy(base::cat(source_name, ":", place.line, ":", place.column, ": this comment has no end"));
      }
      for (; at < end; ++at) {
        if (out[at] != '\n') out[at] = ' ';
      }
      continue;
    }
    if (is_space(c)) {
      ++at;
      continue;
    }
    if ((c == '}' || c == ']') && comma != std::string_view::npos) out[comma] = ' ';
    const bool behind_element = before != '\0' && before != '{' && before != '[' && before != ',' && before != ':';
    comma = c == ',' && behind_element ? at : std::string_view::npos;
    before = c;
    at = c == '"' ? end_of_string(text, at) : at + 1;
  }
  return out;
}

}  // namespace policy
