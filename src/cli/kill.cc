#include "cli/verbs.h"
#include "container/destroy.h"
#include "oci/names.h"

namespace cli {

base::Result<int> cmd_kill(const GlobalArgs& global, const KillArgs& args, const base::Log&) {
  const int signal = TRY(oci::parse_signal(args.signal));
  const auto container = TRY(container::load_container(global.root, args.id));
  TRY(container::kill_container(container, signal, args.all));
  return 0;
}

}  // namespace cli
