// The look at JSON text before jansson sees it: enforces what jansson cannot (depth, NUL) and moves integers
// that jansson refuses (2^63 and more) into strings that no input can spell.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace oci {

struct Prescan {
  // Set only if something was moved: the text with every integer of 2^63..2^64-1 as a string that starts with
  // NUL. NUL cannot come from the input, which the same pass refuses to contain one.
  std::string rewritten;
  std::vector<std::size_t> moved;  // where those integers are in the original text
  // An offset into `rewritten`, taken back to the original.
  std::size_t original_offset(std::size_t offset) const;
};

struct TextFault {
  std::size_t offset;
  std::string what;
};

// False: `fault` says what and where.
bool prescan_json(std::string_view text, Prescan& out, TextFault& fault);

}  // namespace oci
