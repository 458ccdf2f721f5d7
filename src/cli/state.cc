#include "cli/state.h"

#include "cli/output.h"
#include "cli/verbs.h"
#include "oci/write.h"

namespace cli {

oci::State describe_container(const container::Container& container) {
  const container::Record& record = container.record;
  oci::State state;
  state.oci_version = record.oci_version;
  state.id = record.id;
  state.pid = container.visible_pid();
  state.status = container::status_name(container.status);
  state.bundle = record.bundle;
  state.rootfs = record.rootfs;
  state.created = record.created;
  state.annotations = record.annotations;
  return state;  // without the owner, as runc
}

base::Result<int> cmd_state(const GlobalArgs& global, const StateArgs& args, const base::Log&) {
  const auto container = TRY(container::load_container(global.root, args.id));
  TRY(print(oci::write_state(describe_container(container))));
  return 0;
}

}  // namespace cli
