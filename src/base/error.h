// What went wrong, as one value: made where it happened, given context on the way up, printed once
// by cli. Every room returns it; no room below cli prints it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace base {

// Decides the exit code and the "kind" member of the JSON log record.
enum class Kind {
  kUsage,        // the command line is wrong
  kConfig,       // config.json is wrong
  kPolicy,       // the hardening policy refuses, or is itself wrong
  kUnsupported,  // valid, but this build or this kernel cannot do it
  kState,        // the container is not in the state that the verb needs
  kSystem,       // a system call failed; `sys` holds its errno
};

std::string_view kind_name(Kind kind);

class Error {
 public:
  Error(Kind kind, std::string what) : kind_(kind), what_(std::move(what)) {}

  static Error usage(std::string what) { return {Kind::kUsage, std::move(what)}; }
  static Error config(std::string what) { return {Kind::kConfig, std::move(what)}; }
  static Error policy(std::string what) { return {Kind::kPolicy, std::move(what)}; }
  static Error unsupported(std::string what) { return {Kind::kUnsupported, std::move(what)}; }
  static Error state(std::string what) { return {Kind::kState, std::move(what)}; }
  // `err` is a positive errno value. `subject`, when given, is quoted after `what`.
  static Error system(int err, std::string what);
  static Error system(int err, std::string_view what, std::string_view subject);

  Error&& hint(std::string text) &&;
  // Puts `text` in front of the message: "create "web1": mount proc …".
  Error&& in(std::string text) &&;

  Kind kind() const { return kind_; }
  int sys() const { return sys_; }  // errno, or 0
  const std::string& hint_text() const { return hint_; }
  // context: what: errno text; hint: …   (lower case, no full stop, no new line)
  std::string message() const;

 private:
  Kind kind_;
  int sys_ = 0;
  std::string what_;
  std::string hint_;
  std::vector<std::string> context_;  // innermost first
};

// strerror(3) with a small first letter, as in "no such file or directory".
std::string errno_text(int err);

}  // namespace base
