// Compiled filters kept in files: one directory of root's, 0700, one file for each key. Whoever can write
// there could hand out another filter, so the directory is a private one (kernel/file.h), and a file
// is believed only if it holds the whole key and its own checksum. A cache can only ever fail to help:
// reading ends in "not there", writing in nothing.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace kernel {

struct SeccompBlob {
  std::vector<sock_filter> code;
  std::uint32_t flags = 0;  // SECCOMP_FILTER_FLAG_*
};

// The name of a key's file.
std::string seccomp_cache_file(std::string_view key);

// `key` is plan::seccomp_cache_key()'s.
std::optional<SeccompBlob> load_seccomp(int dir, std::string_view key);

// Atomically; keeps at most kSeccompCacheEntries files, the oldest go first.
inline constexpr std::size_t kSeccompCacheEntries = 256;
void store_seccomp(int dir, std::string_view key, const SeccompBlob& blob);

}  // namespace kernel
