#include "harden/io_lines.h"

#include "base/text.h"

namespace harden {

IoLines io_lines(std::string_view text) {
  constexpr std::string_view kSpace = " \t\v\f\r";
  IoLines out;
  for (const auto& line : base::split(text, '\n')) {
    std::vector<std::string> words;
    std::string_view rest = line;
    for (auto at = rest.find_first_not_of(kSpace); at != std::string_view::npos; at = rest.find_first_not_of(kSpace)) {
      rest.remove_prefix(at);
      words.emplace_back(rest.substr(0, rest.find_first_of(kSpace)));
      rest.remove_prefix(words.back().size());
    }
    if (!words.empty()) out.push_back(std::move(words));
  }
  return out;
}

std::string io_text(const IoLines& lines) {
  std::vector<std::string> out;
  for (const auto& words : lines) out.push_back(base::join(words, " "));
  return base::join(out, "\n");
}

std::optional<std::uint64_t> io_number(std::string_view text) {
  return text.size() > 1 && text.front() == '0' ? std::nullopt : base::parse_u64(text);
}

base::Error io_not_understood(std::string_view name, std::string_view want, const std::vector<std::string>& line) {
  return base::Error::policy(base::cat("config.json: /linux/resources/unified/", name, ": want ", want, ", have ", base::quote(base::join(line, " "))))
      .hint("the policy sets a limit here, and must understand what is asked for");
}

oci::BlockIo& made_block_io(oci::Linux& config) {
  auto& resources = config.resources ? *config.resources : config.resources.emplace();
  return resources.block_io ? *resources.block_io : resources.block_io.emplace();
}

}  // namespace harden
