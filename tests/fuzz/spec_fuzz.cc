// libFuzzer target for everything that reads config.json, process.json and resources documents.
// Besides not crashing: an input is either taken or refused with one line that names its document.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "oci/json.h"
#include "oci/mount_options.h"
#include "oci/read.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

template <typename T>
void check(const base::Result<T>& result, std::string_view source) {
  if (result.has_value()) return;
  const std::string message = result.error().message();
  require(result.error().kind() == base::Kind::kConfig);
  require(message.starts_with(source));
  for (const char c : message) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto spec = oci::read_spec(text);
  check(spec, "config.json: ");
  check(oci::read_process(text), "process.json: ");
  check(oci::read_resources(text), "resources: ");
  if (spec.has_value()) {
    // What was noted is about something that is in the text.
    for (const auto& note : spec.value().notes) require(oci::locate(text, note.pointer).has_value());
    for (const auto& mount : spec.value().mounts) {
      const auto parsed = oci::parse_mount_options(mount.options);
      require((parsed.attr_set & parsed.attr_clr & ~std::uint64_t{0x70}) == 0);  // MOUNT_ATTR__ATIME
    }
  }
  return 0;
}
