#include "base/error.h"

#include <cstring>

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

Error Error::system(int err, std::string what) {
  Error e(Kind::kSystem, std::move(what));
  e.sys_ = err;
  return e;
}

Error Error::system(int err, std::string_view what, std::string_view subject) {
  return system(err, cat(what, " ", quote(subject)));
}

Error&& Error::hint(std::string text) && {
  hint_ = std::move(text);
  return std::move(*this);
}

Error&& Error::in(std::string text) && {
  context_.push_back(std::move(text));
  return std::move(*this);
}

std::string Error::message() const {
  std::string out;
  for (auto it = context_.rbegin(); it != context_.rend(); ++it) out += *it + ": ";
  out += what_;
  if (sys_ != 0) out += ": " + errno_text(sys_);
  if (!hint_.empty()) out += "; hint: " + hint_;
  return out;
}

}  // namespace base
