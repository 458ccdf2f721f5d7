// The flat form of a plan: what init maps and walks. Offsets instead of pointers, fixed-size records, one
// string table, one table of words. Written by plan/encode, read by init; both check it with check_image().
// Freestanding: no libc, nothing from other headers of the project.
#pragma once

#include <cstddef>
#include <cstdint>

namespace plan::image {

constexpr std::uint32_t kMagic = 0x48424b42;  // "BKBH"
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kMaxSize = 16U << 20;
constexpr std::int32_t kNoSlot = -1;

enum class OpKind : std::uint16_t {
  kTakeDescriptors,  // -  waits for the descriptors that belong into the slots, and puts them there
  kJoinCgroup,     // slot: an open v1 tasks file; writes "0"
  kAffinity,       // words: the mask of CPUs, the lowest first; none: all
  kSetupIdentity,  // a: uid, b: gid to become; the id maps are written by now
  kKeyring,        // -  a new anonymous session keyring
  kSession,        // -  a new session, without a terminal
  kUnshare,        // a: CLONE_NEW* flags
  kJoinMountNs,    // slot: an open mount namespace
  kEnterRoot,      // -  the root of the mount namespace that this process was put into
  kMemfdNoexec,    // -  vm.memfd_noexec=2 for the pid namespace, by the host's procfs; read back at once
  kEntered,        // -  tells the parent that all namespaces are entered
  kHostname,       // text
  kDomainname,     // text
  kLoopback,       // -
  kBlackhole,      // words: requests to rtnetlink(7), of which the last asks for an acknowledgement
  kPropagation,    // slot, or text: path if kNoSlot; a: MS_* propagation; flags: kRecursive
  kNewMount,       // slot <- detached mount; text: fs type; words: options ("key=value" or "key"); a: MOUNT_ATTR_*
  kPlaceRoot,      // slot: the root's detached mount; a: slot of the directory on the host that it is put on
  kPivot,          // slot: the root's detached mount
  kChroot,         // slot: the root's detached mount (no pivot: an initramfs host)
  kAttach,         // slot: a detached mount; text: target; a: 0, or 1 + the slot of the plan's own tmpfs in whose root it is; flags
  kRuntimeHook,    // -  tells the parent, and waits until it has run it
  kRunHook,        // slot: its program, or kNoSlot; text: its path; text2: its JSON pointer; words: state before, after the pid,
                   // timeout lo, hi, number of arguments, device lo, hi, inode lo, hi, time of its last change lo, hi, then
                   // the offsets of its arguments and of its environment; flags: kByPath, kConfined, kVerified; a: as kSeccomp
  kSetAttr,        // slot, or text if kNoSlot; a: attributes to set; b: to clear; flags: kRecursive
  kNode,           // text: path; slot: the plan's own tmpfs in whose root it is, or kNoSlot; a: mode with type; b: dev_t; words: uid, gid
  kSymlink,        // text: path; slot: as kNode; text2: target
  kWriteFile,      // slot: a detached mount; text: name of a new file in its root; text2: content; a: mode; words: uid, gid
  kSysctl,         // slot: a procfs; text: path below /proc/sys; text2: value
  kReadonly,       // text: path
  kMask,           // text: path; slot: /dev/null's mount; a: slot of the empty directory's mount
  kRlimit,         // a: soft; b: hard; words: resource
  kScheduler,      // words: policy, nice, priority, flags lo, hi, runtime lo, hi, deadline lo, hi, period lo, hi
  kIoPriority,     // a: ioprio value
  kPersonality,    // a
  kMakeDir,        // text: path, made if missing
  kOwnStdio,       // a: uid
  kLabel,          // slot: a procfs; text: attribute below /proc/thread-self/attr; text2: value
  kOwnLabel,       // slot: /proc/PID of this process; text: attribute; text2: value
  kBounding,       // a: set; everything outside it is dropped; b: highest capability of this kernel
  kIdentity,       // a: uid; b: gid; words: supplementary groups; flags: kKeepGroups
  kCapabilities,   // words: effective lo, hi, permitted lo, hi, inheritable lo, hi, ambient lo, hi; a: SECBIT_* to set
  kUmask,          // a
  kChdir,          // text: path, in root; flags
  kFindExecutable, // words: candidate paths (offsets), remembers the first that may be executed
  kNoNewPrivs,     // -
  kDenyWriteExecute,  // -
  kCoreScheduling,    // -  a new cookie
  kSpeculation,    // a: 1 << PR_SPEC_*, disabled for good
  kNotDumpable,    // -
  kVerifyIdentity, // a: uid; b: gid; words: supplementary groups
  kVerifyCaps,     // words as kCapabilities, then bounding lo, hi
  kVerifyNoNewPrivs,  // -
  kVerifyLocks,    // a: SECBIT_* that must be set; b: 1 << PR_SPEC_*, disabled for good; flags: kWriteExecute, kCookie
  kVerifyMount,    // text: path; a: ST_* flags that must be set; b: f_type that it must have, or 0
  kVerifyMask,     // text: path; slot: the empty directory's mount, or kNoSlot
  kVerifyProgram,  // text: path, or "": what kFindExecutable chose; a: device; b: inode; words: time of its last change lo, hi
  kVerifyCwd,      // -
  kLandlockRuleset,   // a: rights of files; b: rights of ports; words: scopes lo, hi
  kLandlockPath,      // slot: a mount, or text: its path if kNoSlot; a: rights; flags: kNoSymlinks
  kLandlockPort,      // a: rights; b: port
  kLandlockOpen,      // a: rights; b: how many descriptors, from 0 on
  kLandlockRestrict,  // a: flags
  kVerifyLandlock,    // -
  kReady,          // tells the parent, then waits for the gate
  kCloseFds,       // a: first fd to close (the report socket is spared)
  kSeccomp,        // a: SECCOMP_FILTER_FLAG_*
  kExec,           // slot: a program to execute instead of what kFindExecutable chose, or kNoSlot; flags: kByPath
  kCount,
};

enum OpFlags : std::uint16_t {
  kRecursive = 1 << 0,
  kNoSymlinks = 1 << 2,      // the target is a kernel file system's place: no link on the way
  kCopyMode = 1 << 3,        // kAttach: the mount's root takes the mode of a directory that was there already
  kCopyUp = 1 << 4,          // kAttach: tmpcopyup
  kInProc = 1 << 5,          // kAttach: the target may lie on procfs
  kKeepGroups = 1 << 6,
  kIgnoreErrors = 1 << 7,    // a failure is a warning
  kSkipMissing = 1 << 8,
  kByPath = 1 << 9,          // kExec: by way of /proc/self/fd, with execve(2)
  kWriteExecute = 1 << 10,   // kVerifyLocks: what was writable cannot be executed
  kCookie = 1 << 11,         // kVerifyLocks: a cookie of core scheduling that is not the caller's
  kConfined = 1 << 12,       // kRunHook: by the image's filter
  kVerified = 1 << 13,       // kRunHook: it is the file that was hashed
  kFile = 1 << 14,           // kAttach: the mount's root is no directory
};

struct Op {
  OpKind kind;
  std::uint16_t flags;
  std::int32_t slot;
  std::uint32_t text;    // offset into the string table; 0 is ""
  std::uint32_t text2;
  std::uint32_t words;   // index into the word table
  std::uint32_t count;   // of words
  std::uint64_t a;
  std::uint64_t b;
};
static_assert(sizeof(Op) == 40);

// All offsets are from the image's start and 8-aligned; sizes are in elements.
struct Header {
  std::uint32_t magic, version, size;
  std::uint32_t ops, op_count;
  std::uint32_t words, word_count;
  std::uint32_t slots, slot_count;      // std::int32_t: fd numbers, filled in by launch; -1 until then
  std::uint32_t argv, argv_count;       // std::uint64_t: string offsets, made pointers by init; NULL-terminated
  std::uint32_t envp, envp_count;
  std::uint32_t filter, filter_count;   // struct sock_filter (8 bytes each)
  std::uint32_t strings, strings_size;  // NUL-terminated strings; the first is ""
  std::int32_t gate_slot;               // listening socket on which `start` connects, or kNoSlot (wait for the parent)
  std::uint32_t reserved;
};

struct View {
  const Header* header;
  const Op* ops;
  const std::uint32_t* words;
  std::int32_t* slots;
  std::uint64_t* argv;
  std::uint64_t* envp;
  const void* filter;
  const char* strings;
};

inline bool range_fits(std::uint32_t offset, std::uint64_t count, std::uint64_t element, std::uint32_t size) {
  return offset % 8 == 0 && offset >= sizeof(Header) && offset <= size && count * element <= size - offset;
}

constexpr std::uint32_t kHookWords = 11;  // of kRunHook, before its arguments
// Which of them are offsets into the string table.
inline bool is_hook_text(std::uint32_t word) { return word < 2 || word >= kHookWords; }

// The words that an op of this kind reads without looking at their count.
inline std::uint32_t fixed_words(OpKind kind) {
  switch (kind) {
    case OpKind::kRlimit: return 1;
    case OpKind::kNode: return 2;
    case OpKind::kWriteFile: return 2;
    case OpKind::kVerifyProgram: return 2;
    case OpKind::kLandlockRuleset: return 2;
    case OpKind::kCapabilities: return 8;
    case OpKind::kVerifyCaps: return 10;
    case OpKind::kScheduler: return 11;
    case OpKind::kRunHook: return kHookWords;
    default: return 0;
  }
}

// Checks every offset of the image, so that a walk of it cannot leave it. False: not a valid image.
inline bool check_image(void* data, std::size_t size, View& view) {
  if (size < sizeof(Header) || size > kMaxSize) return false;
  auto* base = static_cast<unsigned char*>(data);
  const auto* h = static_cast<const Header*>(data);
  const auto s = static_cast<std::uint32_t>(size);
  if (h->magic != kMagic || h->version != kVersion || h->size != s) return false;
  if (!range_fits(h->ops, h->op_count, sizeof(Op), s) || !range_fits(h->words, h->word_count, 4, s) ||
      !range_fits(h->slots, h->slot_count, 4, s) || !range_fits(h->argv, h->argv_count + 1ULL, 8, s) ||
      !range_fits(h->envp, h->envp_count + 1ULL, 8, s) || !range_fits(h->filter, h->filter_count, 8, s) ||
      !range_fits(h->strings, h->strings_size, 1, s) || h->strings_size == 0 || h->filter_count > 4096) {
    return false;
  }
  view.header = h;
  view.ops = reinterpret_cast<const Op*>(base + h->ops);
  view.words = reinterpret_cast<const std::uint32_t*>(base + h->words);
  view.slots = reinterpret_cast<std::int32_t*>(base + h->slots);
  view.argv = reinterpret_cast<std::uint64_t*>(base + h->argv);
  view.envp = reinterpret_cast<std::uint64_t*>(base + h->envp);
  view.filter = base + h->filter;
  view.strings = reinterpret_cast<const char*>(base + h->strings);
  const auto slot_ok = [&](std::int64_t slot) { return slot >= kNoSlot && slot < static_cast<std::int64_t>(h->slot_count); };
  if (view.strings[0] != '\0' || view.strings[h->strings_size - 1] != '\0' || !slot_ok(h->gate_slot)) return false;
  for (std::uint32_t i = 0; i < h->op_count; ++i) {
    const Op& op = view.ops[i];
    if (op.kind >= OpKind::kCount || !slot_ok(op.slot) || op.text >= h->strings_size || op.text2 >= h->strings_size ||
        op.words > h->word_count || op.count > h->word_count - op.words || op.count < fixed_words(op.kind) ||
        (op.kind == OpKind::kNewMount && op.slot < 0)) {
      return false;
    }
    const bool words_are_strings = op.kind == OpKind::kNewMount || op.kind == OpKind::kFindExecutable;
    for (std::uint32_t j = 0; words_are_strings && j < op.count; ++j) {
      if (view.words[op.words + j] >= h->strings_size) return false;
    }
    if (op.kind == OpKind::kMask && !slot_ok(static_cast<std::int64_t>(op.a))) return false;
    if (op.kind == OpKind::kAttach && op.a > h->slot_count) return false;
    if (op.kind == OpKind::kPlaceRoot && (op.slot < 0 || op.a >= h->slot_count)) return false;
    if (op.kind != OpKind::kRunHook) continue;
    for (std::uint32_t j = 0; j < op.count; ++j) {
      if (is_hook_text(j) && view.words[op.words + j] >= h->strings_size) return false;
    }
    if (view.words[op.words + 4] > op.count - kHookWords) return false;
  }
  for (std::uint32_t i = 0; i < h->argv_count; ++i) {
    if (view.argv[i] >= h->strings_size) return false;
  }
  for (std::uint32_t i = 0; i < h->envp_count; ++i) {
    if (view.envp[i] >= h->strings_size) return false;
  }
  return view.argv[h->argv_count] == 0 && view.envp[h->envp_count] == 0;
}

}  // namespace plan::image
