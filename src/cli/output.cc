#include "cli/output.h"

#include <unistd.h>

#include <cstdlib>

#include "base/text.h"
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

std::string paint(Tone tone, std::string_view text, const plan::PrintStyle& style) {
  if (!style.colour || tone == Tone::kPlain) return std::string(text);
  constexpr std::string_view kCodes[] = {"", "1", "32", "33", "31"};  // console_codes(4): bold, green, brown, red
  return base::cat("\x1b[", kCodes[static_cast<std::size_t>(tone)], 'm', text, "\x1b[0m");
}

}  // namespace cli
