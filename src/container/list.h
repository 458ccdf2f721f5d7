// All containers of a state root.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "container/lifecycle.h"

namespace container {

struct Listing {
  std::vector<Container> containers;  // by id
  std::vector<std::string> warnings;  // one for each entry that could not be read
};

// Without its directory: nothing if `must_exist` is false, else an error.
base::Result<Listing> list_containers(const std::string& root, bool must_exist);

}  // namespace container
