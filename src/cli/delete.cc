#include "cli/hooks.h"
#include "cli/verbs.h"
#include "container/destroy.h"

namespace cli {

base::Result<int> cmd_delete(const GlobalArgs& global, const DeleteArgs& args, const base::Log& log) {
  const auto deleted = TRY(container::delete_container(global.root, args.id, args.force));
  if (deleted) run_poststop_hooks(*deleted, log);
  return 0;
}

}  // namespace cli
