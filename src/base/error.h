// What went wrong, as one value: made where it happened, given context on the way up, printed once
// by cli. Every room returns it; no room below cli prints it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

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

// One pointer: a Result that holds a value pays for no more, and what makes, copies and ends an error is kept out of the
// way of code that runs (gnu::cold: callers take the path to it for the unlikely one, and the linker puts it apart).
class Error {
 public:
  [[gnu::cold]] Error(Kind kind, std::string what);
  [[gnu::cold]] Error(const Error& other);
  Error(Error&& other) noexcept : details_(std::exchange(other.details_, nullptr)) {}
  Error& operator=(Error other) noexcept {
    std::swap(details_, other.details_);
    return *this;
  }
  ~Error() {
    if (details_ != nullptr) [[unlikely]] end();
  }

  [[gnu::cold]] static Error usage(std::string what);
  [[gnu::cold]] static Error config(std::string what);
  [[gnu::cold]] static Error policy(std::string what);
  [[gnu::cold]] static Error unsupported(std::string what);
  [[gnu::cold]] static Error state(std::string what);
  // `err` is a positive errno value. `subject`, when given, is quoted after `what`.
  [[gnu::cold]] static Error system(int err, std::string what);
  [[gnu::cold]] static Error system(int err, std::string_view what, std::string_view subject);

  [[gnu::cold]] Error&& hint(std::string text) &&;
  // Puts `text` in front of the message: "create "web1": mount proc …".
  [[gnu::cold]] Error&& in(std::string text) &&;

  // Of an error that has not been moved from.
  Kind kind() const;
  int sys() const;  // errno, or 0
  const std::string& hint_text() const;
  // context: what: errno text; hint: …   (lower case, no full stop, no new line)
  [[gnu::cold]] std::string message() const;

 private:
  struct Details;
  [[gnu::cold]] void end() noexcept;

  Details* details_;
};

// strerror(3) with a small first letter, as in "no such file or directory".
std::string errno_text(int err);

}  // namespace base
