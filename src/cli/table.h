// Text for `list`: columns as runc's, and the names of users.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// One line a row; every cell but a row's last is padded to its column: at least 12 wide, with 3 spaces after the
// widest. Control characters are escaped.
std::string format_table(const std::vector<std::vector<std::string>>& rows);
// Those lines, each without its end.
std::vector<std::string> table_lines(const std::vector<std::vector<std::string>>& rows);

// The name of `uid` in the text of /etc/passwd, else "#uid". No NSS: it would load plugins into a static program.
std::string user_name(std::string_view passwd, std::uint32_t uid);

}  // namespace cli
