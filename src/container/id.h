// Container ids: checked before any path is built of one.
#pragma once

#include <string_view>

#include "base/result.h"

namespace container {

constexpr std::size_t kMaxIdLength = 1024;

// [A-Za-z0-9_+.-]+, not "." or "..", no '-' in front (it would be an option to whoever passes it on), and not
// longer than kMaxIdLength. Error: "invalid container ID format".
base::Result<void> check_id(std::string_view id);

}  // namespace container
