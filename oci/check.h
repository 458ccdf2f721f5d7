// What no section of config.json can see alone: the MUSTs that span several. Private to this room.
#pragma once

#include <string_view>

#include "base/result.h"
#include "oci/spec.h"

namespace oci {

base::Result<void> check_spec(std::string_view source, const Spec& spec);

}  // namespace oci
