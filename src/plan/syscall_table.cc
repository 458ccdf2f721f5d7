#include "plan/syscall_table.h"

#include <array>

namespace plan {

namespace {

// Names that the libseccomp 2.5.4 release does not know; a distribution's may have some of them.
// Numbers: arch/x86/entry/syscalls/syscall_64.tbl and scripts/syscall.tbl of Linux 6.18 and 6.19.
constexpr std::array<NewSyscall, 24> kNewer{{
    {"uretprobe", 335, true, true},          // 6.11; only the kernel's own trampoline calls it
    {"uprobe", 336, true, true},             // 6.18; likewise
    {"futex_waitv", 449},                    // 5.16
    {"set_mempolicy_home_node", 450},        // 5.17
    {"cachestat", 451},                      // 6.5
    {"fchmodat2", 452},                      // 6.6
    {"map_shadow_stack", 453, false, true},  // 6.6
    {"futex_wake", 454},                     // 6.7
    {"futex_wait", 455},                     // 6.7
    {"futex_requeue", 456},                  // 6.7
    {"statmount", 457},                      // 6.8
    {"listmount", 458},                      // 6.8
    {"lsm_get_self_attr", 459},              // 6.8
    {"lsm_set_self_attr", 460},              // 6.8
    {"lsm_list_modules", 461},               // 6.8
    {"mseal", 462},                          // 6.10
    {"setxattrat", 463},                     // 6.13
    {"getxattrat", 464},                     // 6.13
    {"listxattrat", 465},                    // 6.13
    {"removexattrat", 466},                  // 6.13
    {"open_tree_attr", 467},                 // 6.15
    {"file_getattr", 468},                   // 6.17
    {"file_setattr", 469},                   // 6.17
    {"listns", 470},                         // 6.19
}};

constexpr std::uint32_t kIpc = 117;         // ipc(2)
constexpr std::uint32_t kSocketcall = 102;  // socketcall(2)

// <linux/net.h> SYS_*, <linux/ipc.h>, and the direct calls that Linux 4.3 (sockets) and 5.1 (ipc) added.
constexpr std::array<I386Multiplexed, 32> kI386{{
    {"socket", kSocketcall, 1, 359},
    {"bind", kSocketcall, 2, 361},
    {"connect", kSocketcall, 3, 362},
    {"listen", kSocketcall, 4, 363},
    {"accept", kSocketcall, 5, 0},
    {"getsockname", kSocketcall, 6, 367},
    {"getpeername", kSocketcall, 7, 368},
    {"socketpair", kSocketcall, 8, 360},
    {"send", kSocketcall, 9, 0},
    {"recv", kSocketcall, 10, 0},
    {"sendto", kSocketcall, 11, 369},
    {"recvfrom", kSocketcall, 12, 371},
    {"shutdown", kSocketcall, 13, 373},
    {"setsockopt", kSocketcall, 14, 366},
    {"getsockopt", kSocketcall, 15, 365},
    {"sendmsg", kSocketcall, 16, 370},
    {"recvmsg", kSocketcall, 17, 372},
    {"accept4", kSocketcall, 18, 364},
    {"recvmmsg", kSocketcall, 19, 337},
    {"sendmmsg", kSocketcall, 20, 345},
    {"semop", kIpc, 1, 0},
    {"semget", kIpc, 2, 393},
    {"semctl", kIpc, 3, 394},
    {"semtimedop", kIpc, 4, 0},
    {"msgsnd", kIpc, 11, 400},
    {"msgrcv", kIpc, 12, 401},
    {"msgget", kIpc, 13, 399},
    {"msgctl", kIpc, 14, 402},
    {"shmat", kIpc, 21, 397},
    {"shmdt", kIpc, 22, 398},
    {"shmget", kIpc, 23, 395},
    {"shmctl", kIpc, 24, 396},
}};

}  // namespace

std::span<const NewSyscall> newer_syscalls() { return kNewer; }
std::span<const I386Multiplexed> i386_multiplexed() { return kI386; }

}  // namespace plan
