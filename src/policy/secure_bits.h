// The secure bits that a policy can have locked, by name; capabilities(7), "The securebits flags".
#pragma once

#include <linux/securebits.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

struct SecureBit {
  std::string_view name;
  std::uint32_t bits;  // what prctl(PR_SET_SECUREBITS) takes: the flag, and that it is locked
};

inline constexpr SecureBit kSecureBits[] = {
    {"noroot", SECBIT_NOROOT | SECBIT_NOROOT_LOCKED},
    {"no-setuid-fixup", SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED},
    {"no-keep-caps", SECBIT_KEEP_CAPS_LOCKED},  // locked where it is: off
    {"no-cap-ambient-raise", SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED},
};

inline const SecureBit* find_secure_bit(std::string_view name) {
  const auto at = std::find_if(std::begin(kSecureBits), std::end(kSecureBits), [&](const SecureBit& b) { return b.name == name; });
  return at == std::end(kSecureBits) ? nullptr : at;
}

inline std::uint32_t secure_bits(const std::vector<std::string>& names) {
  std::uint32_t out = 0;
  for (const auto& name : names) {
    if (const auto* found = find_secure_bit(name)) out |= found->bits;
  }
  return out;
}

}  // namespace policy
