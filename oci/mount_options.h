// mount[].options → what mount_setattr(2), fsconfig(2) and open_tree(2) want. Every name that runc knows is
// known; any other is data for the file system, passed on as it stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace oci {

enum class Idmap { kNone, kIdmap, kRidmap };

struct Propagation {
  unsigned long type = 0;  // MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE
  bool recursive = false;
};

// Of two contradicting options the later one wins, within each of the three groups below.
struct ParsedMountOptions {
  // MOUNT_ATTR_* of the mount itself, ready for mount_setattr(2): an access-time mode in attr_set always has
  // all of MOUNT_ATTR__ATIME in attr_clr (the kernel refuses anything else, EINVAL).
  std::uint64_t attr_set = 0;
  std::uint64_t attr_clr = 0;
  // The same for it and every mount below it (rro, rnosuid …).
  std::uint64_t rec_attr_set = 0;
  std::uint64_t rec_attr_clr = 0;
  // MS_* flags of the superblock (MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK, MS_LAZYTIME, MS_I_VERSION,
  // MS_POSIXACL, MS_SILENT). For new file systems only: a bind mount must not change a superblock that others use.
  // MS_RDONLY is in both groups, since mount(2) sets it on both.
  std::uint64_t sb_set = 0;
  std::uint64_t sb_clr = 0;
  std::vector<Propagation> propagation;  // in order
  bool bind = false;                     // bind or rbind
  bool rbind = false;
  bool remount = false;
  bool tmpcopyup = false;
  Idmap idmap = Idmap::kNone;
  std::vector<std::string> data;  // "size=64m", in order
};

ParsedMountOptions parse_mount_options(const std::vector<std::string>& options);

// One row of the table.
struct MountOption {
  enum class What {
    kNothing,  // known, no effect ("defaults")
    kFlag,     // of the mount and/or its superblock
    kAtime,    // an access-time mode, or its negation
    kPropagation,
    kBind,
    kRemount,
    kTmpcopyup,
    kIdmap,
  };
  std::string_view name;
  What what;
  bool recursive;      // "rro": attributes go to the whole tree
  bool clear;          // "rw": takes the flag away
  std::uint64_t attr;  // MOUNT_ATTR_*
  std::uint64_t sb;    // MS_*
};

const MountOption* find_mount_option(std::string_view name);  // nullptr: data
std::vector<std::string_view> mount_option_names();           // sorted

}  // namespace oci
