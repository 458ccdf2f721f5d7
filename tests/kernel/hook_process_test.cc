// A program that is run and waited for: with what, for how long, and what is kept of what it says.
#include "kernel/hook_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "kernel/memfd.h"
#include "tests/support/in_child.h"

namespace kernel {
namespace {

struct Trial {
  std::string path = "/bin/sh";
  std::vector<const char*> argv, envp;
  std::string input;
  std::unique_ptr<HookProcess> process = std::make_unique<HookProcess>();

  explicit Trial(const char* script) : argv{"sh", "-c", script} {}

  HookProcess& operator()() {
    base::UniqueFd program(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    base::UniqueFd state = sealed_memfd("state", input, false).value();
    EXPECT_EQ(::lseek(state.get(), 0, SEEK_SET), 0);
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    process->program = program.get();
    process->script = is_script(program.get());
    process->argv = argv.data();
    process->envp = envp.data();
    process->input = state.get();
    run_hook(*process);
    return *process;
  }
  std::string said() const { return {process->output, process->said}; }
};

std::string script_file(std::string_view text) {
  std::string name = "/tmp/hook_process_test.XXXXXX";
  const base::UniqueFd fd(::mkstemp(name.data()));
  EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(::fchmod(fd.get(), 0755), 0);
  return name;
}

TEST(HookProcess, TellsHowItEnded) {
  Trial fine("cat; echo out; echo err >&2");
  fine.input = "{}\n";
  fine.envp = {"PATH=/usr/bin:/bin"};
  EXPECT_EQ(fine().end, HookEnd::kExited);
  EXPECT_EQ(fine.process->value, 0);
  EXPECT_EQ(fine.said(), "{}\nout\nerr\n");
  Trial status("exit 7");
  EXPECT_EQ(status().end, HookEnd::kExited);
  EXPECT_EQ(status.process->value, 7);
  Trial killed("kill -11 $$");
  EXPECT_EQ(killed().end, HookEnd::kSignalled);
  EXPECT_EQ(killed.process->value, SIGSEGV);
  Trial none("");
  none.path = "/etc/passwd";
  EXPECT_EQ(none().end, HookEnd::kNotRun);
  EXPECT_EQ(none.process->value, EACCES);
  Trial directory("");
  directory.process->directory = "/no/such";
  EXPECT_EQ(directory().end, HookEnd::kNotRun);
  EXPECT_EQ(directory.process->value, ENOENT);
}

TEST(HookProcess, HasNothingOfThisProcess) {
  support::check_in_child([] {
    ::setenv("CALLERS", "1", 1);
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    const int open = ::fcntl(::open("/etc/passwd", O_RDONLY), F_DUPFD, 40);
    ASSERT_GE(open, 40);
    // The shell's words alone: $$ leads its session, and nothing is ignored or blocked.
    Trial run("read pid comm state ppid group session rest < /proc/self/stat; echo $CALLERS:$A:$PWD; test $group = $session && test $pid = $session && echo own;"
            " while read name value; do case $name in Sig[IB]*) echo $name $value;; esac; done < /proc/self/status; for f in /proc/self/fd/*; do echo ${f##*/}; done");
    run.envp = {"A=b"};
    run.process->directory = "/usr";
    EXPECT_EQ(run().end, HookEnd::kExited);
    const std::string want = ":b:/usr\nown\nSigBlk: 0000000000000000\nSigIgn: 0000000000000000\n0\n1\n2\n";
    EXPECT_EQ(run.said().substr(0, want.size()), want);
    EXPECT_EQ(run.said().find("\n" + std::to_string(open) + "\n"), std::string::npos) << run.said();
  });
}

TEST(HookProcess, OfAScriptTheDescriptorStaysOpen) {
  Trial run("");
  run.path = script_file("#!/bin/sh\necho $0 $*; readlink /proc/$$/fd/3\n");
  run.argv = {"replaced", "x"};
  run.envp = {"PATH=/usr/bin:/bin"};
  EXPECT_EQ(run().end, HookEnd::kExited);
  EXPECT_EQ(run.said(), "/dev/fd/3 x\n" + run.path + "\n");
  ::unlink(run.path.c_str());
}

TEST(HookProcess, KeepsTheLastOfWhatItSays) {
  Trial run("head -c 1000000 /dev/zero | tr '\\0' x; printf end");
  run.envp = {"PATH=/usr/bin:/bin"};
  EXPECT_EQ(run().value, 0);
  EXPECT_EQ(run.said(), std::string(HookProcess::kOutput - 3, 'x') + "end");
}

TEST(HookProcess, PastItsTimeItsSessionIsKilled) {
  Trial run("echo begun; sleep 300 & echo $!; sleep 300");
  run.envp = {"PATH=/usr/bin:/bin"};
  run.process->timeout = 1;
  EXPECT_EQ(run().end, HookEnd::kTimedOut);
  ASSERT_TRUE(run.said().starts_with("begun\n")) << run.said();
  const int child = std::atoi(run.said().c_str() + 6);
  ASSERT_GT(child, 1);
  // It is init's to reap; until then it is a zombie.
  for (int i = 0; i < 1000 && ::kill(child, 0) == 0; ++i) {
    const base::UniqueFd status(::open(("/proc/" + std::to_string(child) + "/stat").c_str(), O_RDONLY));
    char text[256] = {};
    if (::read(status.get(), text, sizeof(text) - 1) <= 0 || std::string_view(text).find(") Z") != std::string_view::npos) break;
    ::usleep(1000);
    EXPECT_LT(i, 999) << "it lives on";
  }
}

TEST(HookProcess, DoesNotWaitForWhatItLeavesBehind) {
  Trial run("sleep 300 & echo $!");
  run.envp = {"PATH=/usr/bin:/bin"};
  run.process->timeout = 200;
  EXPECT_EQ(run().end, HookEnd::kExited);
  const int child = std::atoi(run.said().c_str());
  ASSERT_GT(child, 1);
  EXPECT_EQ(::kill(child, SIGKILL), 0) << "it was ended";
}

TEST(HookProcess, IsUnderTheFilter) {
  support::check_in_child([] {
    ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_execveat, 0, 1),
                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    for (const bool by_path : {false, true}) {
      Trial run("while read name value; do case $name in Seccomp:) echo $value;; esac; done < /proc/self/status");
      run.process->filter = filter;
      run.process->filter_count = 4;
      run.process->filter_flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;  // not this one's
      run.process->by_path = by_path;
      EXPECT_EQ(run().end, by_path ? HookEnd::kExited : HookEnd::kNotRun);
      EXPECT_EQ(run.process->value, by_path ? 0 : ENOSYS);
      EXPECT_EQ(run.said(), by_path ? "2\n" : "");
    }
    EXPECT_EQ(::prctl(PR_GET_SECCOMP), 0) << "this process is not";
  });
}

}  // namespace
}  // namespace kernel
