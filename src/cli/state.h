// A container as `state` and `list` show it.
#pragma once

#include "container/lifecycle.h"
#include "oci/state.h"

namespace cli {

oci::State describe_container(const container::Container& container);

}  // namespace cli
