#include "base/error.h"

#include <cstring>
#include <vector>

#include "base/text.h"

namespace base {

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kUsage: return "usage";
    case Kind::kConfig: return "config";
    case Kind::kPolicy: return "policy";
    case Kind::kUnsupported: return "unsupported";
    case Kind::kState: return "state";
    case Kind::kSystem: return "system";
  }
  return "system";
}

std::string errno_text(int err) {
  const char* text = strerrordesc_np(err);
  if (text == nullptr) return cat("errno ", err);
  std::string out = text;
  // "RPC struct is bad" keeps its capitals; "No such file" does not.
  if (out.size() > 1 && out[0] >= 'A' && out[0] <= 'Z' && out[1] >= 'a' && out[1] <= 'z') {
    out[0] = static_cast<char>(out[0] - 'A' + 'a');
  }
  return out;
}

struct Error::Details {
  Kind kind;
  int sys = 0;
  std::string what;
  std::string hint;
  std::vector<std::string> context;  // innermost first
};

Error::Error(Kind kind, std::string what) : details_(new Details{kind, 0, std::move(what), {}, {}}) {}
Error::Error(const Error& other) : details_(other.details_ == nullptr ? nullptr : new Details(*other.details_)) {}
void Error::end() noexcept { delete details_; }

Error Error::usage(std::string what) { return {Kind::kUsage, std::move(what)}; }
Error Error::config(std::string what) { return {Kind::kConfig, std::move(what)}; }
Error Error::policy(std::string what) { return {Kind::kPolicy, std::move(what)}; }
Error Error::unsupported(std::string what) { return {Kind::kUnsupported, std::move(what)}; }
Error Error::state(std::string what) { return {Kind::kState, std::move(what)}; }

Error Error::system(int err, std::string what) {
  Error e(Kind::kSystem, std::move(what));
  e.details_->sys = err;
  return e;
}

Error Error::system(int err, std::string_view what, std::string_view subject) {
  return system(err, cat(what, " ", quote(subject)));
}

Error&& Error::hint(std::string text) && {
  details_->hint = std::move(text);
  return std::move(*this);
}

Error&& Error::in(std::string text) && {
  details_->context.push_back(std::move(text));
  return std::move(*this);
}

Kind Error::kind() const { return details_->kind; }
int Error::sys() const { return details_->sys; }
const std::string& Error::hint_text() const { return details_->hint; }

std::string Error::message() const {
  std::string out;
  for (auto it = details_->context.rbegin(); it != details_->context.rend(); ++it) out += *it + ": ";
  out += details_->what;
  if (details_->sys != 0) out += ": " + errno_text(details_->sys);
  if (!details_->hint.empty()) out += "; hint: " + details_->hint;
  return out;
}

}  // namespace base
