#include "container/list.h"

#include <fcntl.h>

#include "base/text.h"
#include "cli/output.h"
#include "cli/state.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "kernel/file.h"
#include "oci/write.h"

namespace cli {
namespace {

using container::Listing;

constexpr std::size_t kMaxPasswd = 4U << 20;

// Empty if it cannot be read: owners are then shown as numbers.
std::string read_passwd() {
  auto text = kernel::read_file_at(AT_FDCWD, "/etc/passwd", kMaxPasswd);
  return text.has_value() ? *std::move(text) : std::string();
}

std::string format_json(const Listing& listing, std::string_view passwd) {
  std::vector<oci::State> states;
  for (const auto& container : listing.containers) {
    states.push_back(describe_container(container));
    states.back().owner = user_name(passwd, container.record.owner);
  }
  return oci::write_state_list(states);
}

std::string format_text(const Listing& listing, std::string_view passwd) {
  std::vector<std::vector<std::string>> rows = {{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const auto& container : listing.containers) {
    const auto& record = container.record;
    rows.push_back({record.id, std::to_string(container.visible_pid()),
                    std::string(container::status_name(container.status)), record.bundle, record.created,
                    user_name(passwd, record.owner)});
  }
  return format_table(rows);
}

std::string format_ids(const Listing& listing) {
  std::string out;
  for (const auto& container : listing.containers) out += container.record.id + '\n';
  return out;
}

}  // namespace

base::Result<int> cmd_list(const GlobalArgs& global, const ListArgs& args, const base::Log& log) {
  const Listing listing = TRY(container::list_containers(global.root, global.root_explicit));
  for (const auto& warning : listing.warnings) log.warning(warning);
  if (args.quiet) {
    TRY(print(format_ids(listing)));
  } else if (args.format == OutputFormat::kJson) {
    TRY(print(format_json(listing, read_passwd())));
  } else {
    TRY(print(format_text(listing, read_passwd())));
  }
  return 0;
}

}  // namespace cli
