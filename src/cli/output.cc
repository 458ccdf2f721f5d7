#include "cli/output.h"

#include <unistd.h>

#include <cstdlib>

#include "kernel/file.h"

namespace cli {

base::Result<void> print(std::string_view text) {
  TRY_IN("stdout", kernel::write_all(STDOUT_FILENO, text));
  return base::ok();
}

plan::PrintStyle print_style() {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const char* no_colour = std::getenv("NO_COLOR");  // no-color.org
  return {.colour = terminal && (no_colour == nullptr || *no_colour == '\0'), .align = terminal};
}

}  // namespace cli
