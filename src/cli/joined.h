// Whose the namespaces are that a request joins by path.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "oci/spec.h"

namespace cli {

// CLONE_NEW*: what `spec` joins by path is this process's own namespace. A path that leads nowhere is nobody's.
std::uint64_t host_namespaces(const oci::Spec& spec);

// Each path by which `spec` joins a namespace -> where that is (kernel::place_of()). What leads nowhere is not there.
std::map<std::string, std::string> joined_places(const oci::Spec& spec);

}  // namespace cli
