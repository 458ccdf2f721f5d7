// Writes JSON text piece by piece: the one way documents leave this program. Layout as Go's encoding/json, which the
// readers of runc's documents expect: `"name": value` when indented, `"name":value` on one line.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace oci {

class JsonWriter {
 public:
  // `indent` is put once per level; empty: everything on one line.
  explicit JsonWriter(std::string_view indent = {}) : indent_(indent) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  void name(std::string_view text) {
    separate();
    out_ += '"';
    out_ += base::json_escape(text);
    out_ += indent_.empty() ? "\":" : "\": ";
    named_ = true;
  }
  void value(std::string_view text) {
    separate();
    out_ += base::cat('"', base::json_escape(text), '"');
  }
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool truth) {
    separate();
    out_ += truth ? "true" : "false";
  }
  template <std::integral T>
  void value(T number) {
    separate();
    out_ += std::to_string(number);
  }
  void null() {
    separate();
    out_ += "null";
  }

  template <typename T>
  void member(std::string_view key, const T& content) {
    name(key);
    value(content);
  }
  template <typename Range>
  void strings(std::string_view key, const Range& range) {
    name(key);
    begin_array();
    for (const auto& text : range) value(std::string_view(text));
    end_array();
  }

  std::string take() { return std::move(out_); }

 private:
  void open(char bracket) {
    separate();
    out_ += bracket;
    empty_.push_back(true);
  }
  void close(char bracket) {
    const bool empty = empty_.back();
    empty_.pop_back();
    if (!empty) new_line();
    out_ += bracket;
  }
  // What goes before a name, or a value without one: a comma after the one before, and the indentation.
  void separate() {
    if (named_) {
      named_ = false;
      return;
    }
    if (empty_.empty()) return;
    if (!empty_.back()) out_ += ',';
    empty_.back() = false;
    new_line();
  }
  void new_line() {
    if (indent_.empty()) return;
    out_ += '\n';
    for (std::size_t i = 0; i < empty_.size(); ++i) out_ += indent_;
  }

  std::string out_;
  std::string_view indent_;
  std::vector<bool> empty_;  // one an open bracket: nothing in it yet
  bool named_ = false;       // a name waits for its value
};

}  // namespace oci
