#include "cli/output.h"

#include <unistd.h>

#include "kernel/file.h"

namespace cli {

base::Result<void> print(std::string_view text) {
  TRY_IN("stdout", kernel::write_all(STDOUT_FILENO, text));
  return base::ok();
}

}  // namespace cli
