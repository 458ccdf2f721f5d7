// The program src/init, byte for byte, as the build made it.
#pragma once

#include <string_view>

namespace launch {

extern const std::string_view init_program;

}  // namespace launch
