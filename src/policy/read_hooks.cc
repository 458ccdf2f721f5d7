#include "base/text.h"
#include "policy/sections.h"

namespace policy {

namespace {

constexpr std::size_t kMostPrograms = 256;

// As sha256sum(1) prints it.
base::Result<std::string> get_digest(const oci::Cursor& value) {
  constexpr std::size_t kLength = 64;
  const auto text = TRY(value.get_string());
  if (text.size() != kLength || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return value.mismatch("64 digits of 0-9 and a-f");
  }
  return base::cat("sha256:", text);
}

base::Result<HookProgram> get_program(const oci::Cursor& value) {
  TRY(check_members(value, {"path", "sha256"}));
  HookProgram out;
  const auto path = TRY(required(value, "path"));
  out.path = TRY(get_path(path));
  if (const auto digest = value.find("sha256")) out.digest = TRY(get_digest(*digest));
  return out;
}

base::Result<std::vector<HookProgram>> get_programs(const oci::Cursor& value) {
  std::vector<HookProgram> out;
  for (const auto& element : TRY(value.get_array())) {
    if (out.size() == kMostPrograms) return value.mismatch(base::cat(kMostPrograms, " programs at most"));
    auto program = TRY(get_program(element));
    out.push_back(std::move(program));
  }
  return out;
}

}  // namespace

base::Result<void> read_hooks(const oci::Cursor& value, Hooks& out) {
  const auto section = TRY(Section::open(value, {"allow"}));
  return section.take("allow", out.allow, get_programs);
}

}  // namespace policy
