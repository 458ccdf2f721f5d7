#include "cli/verbs.h"
#include "container/destroy.h"

namespace cli {

base::Result<int> cmd_delete(const GlobalArgs& global, const DeleteArgs& args, const base::Log&) {
  TRY(container::delete_container(global.root, args.id, args.force));
  return 0;
}

}  // namespace cli
