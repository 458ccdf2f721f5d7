// Writes JSON: members and elements in the order of the calls, commas where they belong. No values are checked twice:
// what is opened must be closed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace base {

// Enough of JSON writing for one document: objects and arrays of strings and numbers.
class JsonWriter {
 public:
  void open(char bracket) { separate(); out_ += bracket; first_ = true; }
  void close(char bracket) { out_ += bracket; first_ = false; }
  void key(std::string_view name) {
    separate();
    out_ += cat('"', base::json_escape(name), "\":");
    first_ = true;
  }
  void text(std::string_view value) { separate(); out_ += cat('"', base::json_escape(value), '"'); }
  void raw(std::string_view value) { separate(); out_ += value; }
  void member(std::string_view name, std::string_view value) { key(name); text(value); }
  void flag(std::string_view name, bool value) { key(name); raw(value ? "true" : "false"); }
  void list(std::string_view name, const std::vector<std::string>& values) {
    key(name);
    open('[');
    for (const auto& value : values) text(value);
    close(']');
  }
  std::string take() { return out_ + "\n"; }

 private:
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  std::string out_;
  bool first_ = true;
};

}  // namespace base
