// What --version prints.
#pragma once

#include <string>
#include <string_view>

namespace cli {

inline constexpr std::string_view kVersion = BULKHEAD_VERSION;
inline constexpr std::string_view kLibseccompVersion = BULKHEAD_LIBSECCOMP_VERSION;

// `program` is "bulkhead" or "runc". go-runc takes the first line only if it begins with "runc version ".
std::string version_text(std::string_view program);

}  // namespace cli
