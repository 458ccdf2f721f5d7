// Answers to stdout: the whole text, or an error (a full disk must not look like success).
#pragma once

#include <string_view>

#include "base/result.h"

namespace cli {

base::Result<void> print(std::string_view text);

}  // namespace cli
