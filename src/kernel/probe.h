// Gathers Facts: reads only, needs no privilege.
#pragma once

#include "base/result.h"
#include "kernel/facts.h"

namespace kernel {

// `lsm`: also find out which security module is on (two more files to read).
base::Result<Facts> probe_facts(bool lsm);

// Whether a mount of the file system that `fd` is on can be idmapped by this kernel, as far as can be told without
// trying (mount_setattr(2), "ID-mapped mounts").
bool may_be_idmapped(int fd, const Facts& facts);

// Whether sockets of IPv6 can be made: not where it is turned off (ipv6.disable=1) or not built in. Asking loads the module,
// as a container's first socket would.
bool has_ipv6();

}  // namespace kernel
