// i386's calls that x86-64 has under another name, or takes in other arguments: what a policy says of the one holds for
// the other, whether it allows or denies. Names: arch/x86/entry/syscalls/syscall_32.tbl of Linux 6.18.
#include <array>

#include "policy/syscalls.h"

namespace policy {

namespace {

constexpr std::array kCalls{
    // uid_t and gid_t had 16 bits until Linux 2.4: the names that x86-64 has are the old ones.
    I386Call{"chown32", "chown", 6}, I386Call{"fchown32", "fchown", 6}, I386Call{"getegid32", "getegid", 6},
    I386Call{"geteuid32", "geteuid", 6}, I386Call{"getgid32", "getgid", 6}, I386Call{"getgroups32", "getgroups", 6},
    I386Call{"getresgid32", "getresgid", 6}, I386Call{"getresuid32", "getresuid", 6}, I386Call{"getuid32", "getuid", 6},
    I386Call{"lchown32", "lchown", 6}, I386Call{"setfsgid32", "setfsgid", 6}, I386Call{"setfsuid32", "setfsuid", 6},
    I386Call{"setgid32", "setgid", 6}, I386Call{"setgroups32", "setgroups", 6}, I386Call{"setregid32", "setregid", 6},
    I386Call{"setresgid32", "setresgid", 6}, I386Call{"setresuid32", "setresuid", 6}, I386Call{"setreuid32", "setreuid", 6},
    I386Call{"setuid32", "setuid", 6},
    // Sizes and offsets of files had 32 bits until Linux 2.4; 64 take two arguments, low half first.
    I386Call{"_llseek", "lseek", 1}, I386Call{"fadvise64", "fadvise64", 2}, I386Call{"fadvise64_64", "fadvise64", 2},
    I386Call{"fallocate", "fallocate", 3}, I386Call{"fcntl64", "fcntl", 6}, I386Call{"fstat64", "fstat", 6},
    I386Call{"fstatat64", "newfstatat", 6}, I386Call{"fstatfs64", "fstatfs", 1}, I386Call{"ftruncate64", "ftruncate", 2},
    I386Call{"lookup_dcookie", "lookup_dcookie", 1}, I386Call{"lstat64", "lstat", 6}, I386Call{"pread64", "pread64", 4},
    I386Call{"pwrite64", "pwrite64", 4}, I386Call{"readahead", "readahead", 2}, I386Call{"sendfile64", "sendfile", 6},
    I386Call{"stat64", "stat", 6}, I386Call{"statfs64", "statfs", 1}, I386Call{"sync_file_range", "sync_file_range", 2},
    I386Call{"truncate64", "truncate", 2}, I386Call{"fanotify_mark", "fanotify_mark", 3},
    // time_t has 64 bits since Linux 5.1.
    I386Call{"clock_adjtime64", "clock_adjtime", 6}, I386Call{"clock_getres_time64", "clock_getres", 6},
    I386Call{"clock_gettime64", "clock_gettime", 6}, I386Call{"clock_nanosleep_time64", "clock_nanosleep", 6},
    I386Call{"clock_settime64", "clock_settime", 6}, I386Call{"futex_time64", "futex", 6},
    I386Call{"io_pgetevents_time64", "io_pgetevents", 6}, I386Call{"mq_timedreceive_time64", "mq_timedreceive", 6},
    I386Call{"mq_timedsend_time64", "mq_timedsend", 6}, I386Call{"ppoll_time64", "ppoll", 6},
    I386Call{"pselect6_time64", "pselect6", 6}, I386Call{"recvmmsg_time64", "recvmmsg", 6},
    I386Call{"rt_sigtimedwait_time64", "rt_sigtimedwait", 6},
    I386Call{"sched_rr_get_interval_time64", "sched_rr_get_interval", 6}, I386Call{"semtimedop_time64", "semtimedop", 6},
    I386Call{"timer_gettime64", "timer_gettime", 6}, I386Call{"timer_settime64", "timer_settime", 6},
    I386Call{"timerfd_gettime64", "timerfd_gettime", 6}, I386Call{"timerfd_settime64", "timerfd_settime", 6},
    I386Call{"utimensat_time64", "utimensat", 6},
    // Signals had 32 bits until Linux 2.2; sigreturn is where each handler of a program without SA_SIGINFO ends.
    I386Call{"sgetmask", "rt_sigprocmask", 0}, I386Call{"sigaction", "rt_sigaction", 3}, I386Call{"signal", "rt_sigaction", 1},
    I386Call{"sigpending", "rt_sigpending", 1}, I386Call{"sigprocmask", "rt_sigprocmask", 3},
    I386Call{"sigreturn", "rt_sigreturn", 0}, I386Call{"sigsuspend", "rt_sigsuspend", 0},
    I386Call{"ssetmask", "rt_sigprocmask", 0},
    // One structure in memory instead of arguments; _newselect and mmap2, whose offset counts pages, take arguments.
    I386Call{"_newselect", "select", 6}, I386Call{"mmap", "mmap", 0}, I386Call{"mmap2", "mmap", 5},
    I386Call{"select", "select", 0},
    // The thread's own storage comes before the place for its id (CLONE_BACKWARDS).
    I386Call{"clone", "clone", 3},
    // Older ones, which the newer have made superfluous.
    I386Call{"nice", "setpriority", 0}, I386Call{"oldfstat", "fstat", 6}, I386Call{"oldlstat", "lstat", 6},
    I386Call{"oldolduname", "uname", 6}, I386Call{"oldstat", "stat", 6}, I386Call{"olduname", "uname", 6},
    I386Call{"readdir", "getdents", 1}, I386Call{"stime", "settimeofday", 0}, I386Call{"ugetrlimit", "getrlimit", 6},
    I386Call{"umount", "umount2", 1}, I386Call{"waitpid", "wait4", 3},
};

}  // namespace

std::span<const I386Call> i386_calls() { return kCalls; }

}  // namespace policy
