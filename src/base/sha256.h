// SHA-256 (FIPS 180-4), for naming and checking cached files. Not for secrets: it takes no care of timing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace base {

class Sha256 {
 public:
  using Digest = std::array<std::uint8_t, 32>;

  void update(std::string_view data);
  // Ends the hash; the object is used up.
  Digest finish();

 private:
  void block(const std::uint8_t* data);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> pending_{};
  std::uint64_t length_ = 0;  // in bytes, so far
};

Sha256::Digest sha256(std::string_view data);
std::string hex(const Sha256::Digest& digest);

}  // namespace base
