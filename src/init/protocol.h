// What the parent (launch/, then `start`) and init say to each other, over a SOCK_SEQPACKET socket.
//
//   parent                                   init
//   ------                                   ----
//   clone3                                   init is exec'd
//   write id maps; plan the rest             make the network namespace
//   kPlan       --------------------------->            the image that init walks from now on
//   make cgroups (v1; v2: before the clone)  names, session, id of its own, empty file systems
//   open sources, idmap mounts
//   kDescriptors  ------------------------->            any number: what the slots ask for
//                                            cgroups, cgroup namespace
//               <---------------------------  kEntered  all namespaces are entered
//   verify them; run only: save the record   mounts, pivot, masks, identity, verification
//   kStart      --------------------------->            (run: ahead of time, init need not wait)
//               <---------------------------  kHook     only where config.json has hooks that run on the host, for each:
//   run it                                              everything is mounted, the pivot is still to come
//   kHookDone   --------------------------->
//               <---------------------------  kWarning  any number: an op failed that may
//               <---------------------------  kReady    everything but seccomp and exec is done
//   create: save the record and the pid file
//   kGo         --------------------------->            create: live without the parent from here on
//               <---------------------------  end of file
//   (create exits)                           wait for `start` at the gate socket
//   start: connect to the gate
//   kStart      --------------------------->
//                                            close descriptors, seccomp, execve
//               <---------------------------  kListener, before the filter is loaded, if it notifies an agent
//   take the listener with pidfd_getfd(2), pass it on, set a word in init's memory
//               <---------------------------  end of file: the container's program runs
//
// In place of any of init's messages: kFailure, after which init has exited. End of file before kReady:
// init died. init takes the parent's end of file as the order to exit: no orphan waits for ever.
// A kFailure with one of the details of hooks is followed by a message without a head: the hook's JSON pointer, its path, its
// timeout in digits, each ended by a NUL, and the last of what it said.
// Freestanding: shared by launch/ and init/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace init {

enum class MessageKind : std::uint32_t {
  kReady = 1, kWarning, kFailure, kDescriptors, kEntered, kGo, kStart, kListener, kHook, kHookDone, kPlan
};

struct Message {
  MessageKind kind;
  std::uint32_t op;      // index of the op in the image; kNoOp if none
  std::int32_t err;      // positive errno
  std::uint32_t detail;  // a Detail; of kNewMount: which option is wrong, counted from 1, or 0
};
static_assert(sizeof(Message) == 16);
// kListener: err is the number that the listener's descriptor will have; op (low) and detail (high) are the address of
// a 32-bit word that init watches and the parent sets to 1 once the listener is taken.

constexpr std::uint32_t kNoOp = 0xffffffff;

// kPlan: one descriptor comes with it, in the form of kDescriptors: a sealed memory file with the image.

// kDescriptors: `op` slots follow the message, and as many descriptors come with it (SCM_RIGHTS); detail: not 0 if more
// such messages follow. The kernel carries at most 253 at a time (SCM_MAX_FD).
constexpr std::uint32_t kMaxDescriptors = 128;
struct Descriptors {
  Message message;
  std::int32_t slots[kMaxDescriptors];
};

// Message::detail of kFailure where errno alone would mislead.
enum Detail : std::uint32_t {
  kNoDetail = 0,
  kBadImage,          // the image is damaged
  kTargetOnProc,      // a mount target resolves to procfs
  kTargetIsRoot,      // a mount target resolves to the root itself
  kWrongNode,         // something else than the wanted device node is there
  kMismatch,          // verification: what is in force differs from the plan
  kClamped,           // rlimit: lowered to the hard limit of this process
  kExecFailed,        // execve itself, after the seccomp filter was loaded
  // Of a hook that init ran; err is …
  kHookExited,        // its exit status
  kHookSignalled,     // the signal that ended it
  kHookTimedOut,      // of no meaning
  kHookNotRun,        // an errno
  kHookChanged,       // of no meaning: it is not the file whose digest was looked at
  // Before init's first instruction; op is kNoOp.
  kNoCapabilities,    // capabilities could not be kept in the user namespace
  kNoDescriptors,     // a descriptor that init needs could not be passed on
  kNoInit,            // init itself could not be executed
};

constexpr std::size_t kMaxHookText = 16384;  // of the message that follows

inline bool is_of_hook(std::uint32_t detail) { return detail >= kHookExited && detail <= kHookChanged; }

}  // namespace init
