// What the rules about disks share: the lines of io.weight, io.bfq.weight and io.max in `unified`, each about one disk or
// about all, and what is told of a change. Only files of this room include it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "harden/work.h"

namespace harden {

using IoLines = std::vector<std::vector<std::string>>;

// Without lines that are empty.
IoLines io_lines(std::string_view text);
std::string io_text(const IoLines& lines);

// Decimal digits, and no leading 0: some of the kernel's readers take octal numbers for such.
std::optional<std::uint64_t> io_number(std::string_view text);

base::Error io_not_understood(std::string_view name, std::string_view want, const std::vector<std::string>& line);

// One decision about blockIO and an entry of `unified`, put together.
struct IoChange {
  std::vector<std::string> before = {}, after = {}, also = {};
  std::string note = {};
  bool degraded = false, warning = false;

  void put(std::string old, std::string now) {
    before.push_back(std::move(old));
    after.push_back(std::move(now));
  }
};

// `unlimited`: what is in force where nothing is said.
template <typename T>
void decide_io(Work& work, const policy::Setting<T>& rule, std::string_view control, IoChange change, std::string_view unlimited, std::string_view why) {
  if (change.after.empty() && change.note.empty()) return;
  decide(work, rule,
         {.control = std::string(control),
          .where = "/linux/resources/blockIO",
          .requested = list(change.before, "absent"),
          .effective = list(change.after, unlimited),
          .why = why,
          .also = std::move(change.also),
          .note = std::move(change.note),
          .degraded = change.degraded,
          .warning = change.warning});
}

oci::BlockIo& made_block_io(oci::Linux& config);

}  // namespace harden
