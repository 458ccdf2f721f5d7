// Texts of small config.json documents for the reader's tests.
#pragma once

#include <string>
#include <string_view>

namespace oci_test {

// The smallest document that is valid with `value` (JSON text) at `pointer`: whatever must stand beside it is there.
// Array indices in the pointer have to be 0.
std::string spec_with(std::string_view pointer, std::string_view value);

// The message that read_spec refuses `text` with; empty if it accepts it.
std::string refusal(std::string_view text);
// refusal(spec_with(pointer, value))
std::string refusal_of(std::string_view pointer, std::string_view value);

std::string read_file(const std::string& path);

}  // namespace oci_test
