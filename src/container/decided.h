// What was decided about a container when it was created, kept in its directory for `explain --id`: a file of its own, so
// that no other verb reads it. One JSON object; what is in it is the cli's. Never holds the value of an environment
// variable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace container {

inline constexpr const char* kDecidedFile = "decided.json";

// 0600. Not whole at once: a reader that meets it half written is told that it is damaged.
base::Result<void> save_decided(int dirfd, std::string_view text);
// Empty if there is none: the container was made by a version that kept none, or by one that was killed before.
base::Result<std::optional<std::string>> read_decided(int dirfd);

}  // namespace container
