// User namespaces and their id maps: user_namespaces(7), newuidmap-less, as root.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "oci/spec.h"

namespace launch {

// Writes uid_map and gid_map of the process whose /proc directory is `proc_fd`, one write(2) each.
base::Result<void> write_id_maps(int proc_fd, const std::vector<oci::IdMapping>& uids,
                                 const std::vector<oci::IdMapping>& gids);

// A user namespace of its own with these maps, for an idmapped mount; kept alive by the returned descriptor only.
base::Result<base::UniqueFd> make_userns(const std::vector<oci::IdMapping>& uids, const std::vector<oci::IdMapping>& gids);

std::string format_id_map(const std::vector<oci::IdMapping>& maps);

}  // namespace launch
