#include "oci/mount_options.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>

namespace oci {

namespace {

using What = MountOption::What;

// Gone from <sys/mount.h> in no release yet, but not in every one either.
constexpr std::uint64_t kMsIVersion = 1U << 23;
constexpr std::uint64_t kMsLazytime = 1U << 25;
constexpr std::uint64_t kMsSilent = 1U << 15;
constexpr std::uint64_t kMsMandlock = 64;

// name, what, recursive, clear, MOUNT_ATTR_*, MS_*. Sorted by name, for the binary search.
constexpr auto kOptions = std::to_array<MountOption>({
    {"acl", What::kFlag, false, false, 0, MS_POSIXACL},
    {"async", What::kFlag, false, true, 0, MS_SYNCHRONOUS},
    {"atime", What::kAtime, false, true, MOUNT_ATTR_NOATIME, 0},
    {"bind", What::kBind, false, false, 0, 0},
    {"defaults", What::kNothing, false, false, 0, 0},
    {"dev", What::kFlag, false, true, MOUNT_ATTR_NODEV, 0},
    {"diratime", What::kFlag, false, true, MOUNT_ATTR_NODIRATIME, 0},
    {"dirsync", What::kFlag, false, false, 0, MS_DIRSYNC},
    {"exec", What::kFlag, false, true, MOUNT_ATTR_NOEXEC, 0},
    {"idmap", What::kIdmap, false, false, 0, 0},
    {"iversion", What::kFlag, false, false, 0, kMsIVersion},
    {"lazytime", What::kFlag, false, false, 0, kMsLazytime},
    {"loud", What::kFlag, false, true, 0, kMsSilent},
    {"mand", What::kFlag, false, false, 0, kMsMandlock},
    {"noacl", What::kFlag, false, true, 0, MS_POSIXACL},
    {"noatime", What::kAtime, false, false, MOUNT_ATTR_NOATIME, 0},
    {"nodev", What::kFlag, false, false, MOUNT_ATTR_NODEV, 0},
    {"nodiratime", What::kFlag, false, false, MOUNT_ATTR_NODIRATIME, 0},
    {"noexec", What::kFlag, false, false, MOUNT_ATTR_NOEXEC, 0},
    {"noiversion", What::kFlag, false, true, 0, kMsIVersion},
    {"nolazytime", What::kFlag, false, true, 0, kMsLazytime},
    {"nomand", What::kFlag, false, true, 0, kMsMandlock},
    {"norelatime", What::kAtime, false, true, MOUNT_ATTR_RELATIME, 0},
    {"nostrictatime", What::kAtime, false, true, MOUNT_ATTR_STRICTATIME, 0},
    {"nosuid", What::kFlag, false, false, MOUNT_ATTR_NOSUID, 0},
    {"nosymfollow", What::kFlag, false, false, MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"private", What::kPropagation, false, false, 0, MS_PRIVATE},
    {"ratime", What::kAtime, true, true, MOUNT_ATTR_NOATIME, 0},
    {"rbind", What::kBind, true, false, 0, 0},
    {"rdev", What::kFlag, true, true, MOUNT_ATTR_NODEV, 0},
    {"rdiratime", What::kFlag, true, true, MOUNT_ATTR_NODIRATIME, 0},
    {"relatime", What::kAtime, false, false, MOUNT_ATTR_RELATIME, 0},
    {"remount", What::kRemount, false, false, 0, 0},
    {"rexec", What::kFlag, true, true, MOUNT_ATTR_NOEXEC, 0},
    {"ridmap", What::kIdmap, true, false, 0, 0},
    {"rnoatime", What::kAtime, true, false, MOUNT_ATTR_NOATIME, 0},
    {"rnodev", What::kFlag, true, false, MOUNT_ATTR_NODEV, 0},
    {"rnodiratime", What::kFlag, true, false, MOUNT_ATTR_NODIRATIME, 0},
    {"rnoexec", What::kFlag, true, false, MOUNT_ATTR_NOEXEC, 0},
    {"rnorelatime", What::kAtime, true, true, MOUNT_ATTR_RELATIME, 0},
    {"rnostrictatime", What::kAtime, true, true, MOUNT_ATTR_STRICTATIME, 0},
    {"rnosuid", What::kFlag, true, false, MOUNT_ATTR_NOSUID, 0},
    {"rnosymfollow", What::kFlag, true, false, MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"ro", What::kFlag, false, false, MOUNT_ATTR_RDONLY, MS_RDONLY},
    {"rprivate", What::kPropagation, true, false, 0, MS_PRIVATE},
    {"rrelatime", What::kAtime, true, false, MOUNT_ATTR_RELATIME, 0},
    {"rro", What::kFlag, true, false, MOUNT_ATTR_RDONLY, 0},
    {"rrw", What::kFlag, true, true, MOUNT_ATTR_RDONLY, 0},
    {"rshared", What::kPropagation, true, false, 0, MS_SHARED},
    {"rslave", What::kPropagation, true, false, 0, MS_SLAVE},
    {"rstrictatime", What::kAtime, true, false, MOUNT_ATTR_STRICTATIME, 0},
    {"rsuid", What::kFlag, true, true, MOUNT_ATTR_NOSUID, 0},
    {"rsymfollow", What::kFlag, true, true, MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"runbindable", What::kPropagation, true, false, 0, MS_UNBINDABLE},
    {"rw", What::kFlag, false, true, MOUNT_ATTR_RDONLY, MS_RDONLY},
    {"shared", What::kPropagation, false, false, 0, MS_SHARED},
    {"silent", What::kFlag, false, false, 0, kMsSilent},
    {"slave", What::kPropagation, false, false, 0, MS_SLAVE},
    {"strictatime", What::kAtime, false, false, MOUNT_ATTR_STRICTATIME, 0},
    {"suid", What::kFlag, false, true, MOUNT_ATTR_NOSUID, 0},
    {"symfollow", What::kFlag, false, true, MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"sync", What::kFlag, false, false, 0, MS_SYNCHRONOUS},
    {"tmpcopyup", What::kTmpcopyup, false, false, 0, 0},
    {"unbindable", What::kPropagation, false, false, 0, MS_UNBINDABLE},
});
static_assert(std::ranges::is_sorted(kOptions, {}, &MountOption::name));

void apply_flag(std::uint64_t flag, bool clear, std::uint64_t& set, std::uint64_t& clr) {
  auto& to = clear ? clr : set;
  auto& from = clear ? set : clr;
  to |= flag;
  from &= ~flag;
}

// Access-time modes are an enumeration within MOUNT_ATTR__ATIME, not flags. "noatime" sets one. "atime" takes that
// one away: what is left is the kernel's default, relatime, unless another mode was asked for before.
void apply_atime(const MountOption& option, std::uint64_t& set, std::uint64_t& clr) {
  const bool chosen = (clr & MOUNT_ATTR__ATIME) != 0;
  const std::uint64_t now = set & MOUNT_ATTR__ATIME;
  if (option.clear && chosen && now != option.attr) return;
  set &= ~std::uint64_t{MOUNT_ATTR__ATIME};
  set |= option.clear ? std::uint64_t{MOUNT_ATTR_RELATIME} : option.attr;
  clr |= MOUNT_ATTR__ATIME;
}

void apply(const MountOption& option, ParsedMountOptions& out) {
  auto& set = option.recursive ? out.rec_attr_set : out.attr_set;
  auto& clr = option.recursive ? out.rec_attr_clr : out.attr_clr;
  switch (option.what) {
    case What::kNothing: break;
    case What::kFlag:
      apply_flag(option.attr, option.clear, set, clr);
      apply_flag(option.sb, option.clear, out.sb_set, out.sb_clr);
      break;
    case What::kAtime: apply_atime(option, set, clr); break;
    case What::kPropagation: out.propagation.push_back({option.sb, option.recursive}); break;
    case What::kBind:
      out.bind = true;
      out.rbind = out.rbind || option.recursive;
      break;
    case What::kRemount: out.remount = true; break;
    case What::kTmpcopyup: out.tmpcopyup = true; break;
    case What::kIdmap: out.idmap = option.recursive ? Idmap::kRidmap : Idmap::kIdmap; break;
  }
}

}  // namespace

const MountOption* find_mount_option(std::string_view name) {
  const auto* found = std::ranges::lower_bound(kOptions, name, {}, &MountOption::name);
  return found != kOptions.end() && found->name == name ? found : nullptr;
}

std::vector<std::string_view> mount_option_names() {
  std::vector<std::string_view> out;
  for (const auto& option : kOptions) out.push_back(option.name);
  return out;
}

ParsedMountOptions parse_mount_options(const std::vector<std::string>& options) {
  ParsedMountOptions out;
  for (const auto& text : options) {
    if (const auto* option = find_mount_option(text)) {
      apply(*option, out);
    } else {
      out.data.push_back(text);
    }
  }
  return out;
}

}  // namespace oci
