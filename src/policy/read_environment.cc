#include <algorithm>

#include "policy/sections.h"

namespace policy {

namespace {

base::Result<Secrets> get_secrets(const oci::Cursor& value) {
  const auto text = TRY(value.get_string());
  if (text == "refuse") return Secrets::kRefuse;
  if (text == "redirect") return Secrets::kRedirect;
  if (text == "warn") return Secrets::kWarn;
  return value.mismatch("\"refuse\", \"redirect\" or \"warn\"");
}

// A bracket would be taken for a set by everybody who knows glob(7); here it would silently match nothing.
base::Result<std::vector<std::string>> get_patterns(const oci::Cursor& value) {
  std::vector<std::string> out;
  for (const auto& element : TRY(value.get_array())) {
    const auto text = TRY(element.get_string());
    const bool good = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return c > ' ' && c != 0x7f && c != '=' && c != '[' && c != ']';
    });
    if (!good) return element.mismatch("the name of a variable, in which \"*\" and \"?\" may stand for others");
    out.emplace_back(text);
  }
  return out;
}

}  // namespace

base::Result<void> read_environment(const oci::Cursor& value, Environment& out) {
  const auto section = TRY(Section::open(value, {"allow", "strip", "warn", "secrets", "keep"}));
  TRY(section.take("allow", out.allow, get_patterns));
  TRY(section.take("strip", out.strip, get_patterns));
  TRY(section.take("warn", out.warn, get_patterns));
  TRY(section.take("secrets", out.secrets, get_secrets));
  return section.take("keep", out.keep, get_patterns);
}

}  // namespace policy
