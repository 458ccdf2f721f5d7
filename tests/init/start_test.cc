// find_executable, ready, close_fds, seccomp and exec.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "tests/init/sandbox.h"
#include "tests/support/in_child.h"

namespace init {
namespace {

using support::check_in_child;

using FindExecutable = InitTest;

long find(Bench& bench, std::initializer_list<const char*> names) {
  std::vector<std::uint32_t> words;
  for (const char* name : names) words.push_back(bench.text(bench.at(name)));
  bench.ctx.executable = 0;
  return find_executable(bench.ctx, bench.with_words(words));
}

void make_candidates(const Bench& bench) {
  write_file(bench.at("program"), "", 0755);
  write_file(bench.at("other"), "", 0755);
  write_file(bench.at("data"), "", 0644);
  make_dir_at(bench.at("directory"));
  EXPECT_EQ(::mkfifo(bench.at("fifo").c_str(), 0777), 0);
  link_at("program", bench.at("link"));
}

TEST_F(FindExecutable, TakesTheFirstThatMayBeExecuted) {
  check_in_sandbox([](Bench& bench) {
    make_candidates(bench);
    EXPECT_EQ(find(bench, {"missing", "program", "other"}), 0);
    EXPECT_EQ(bench.ctx.text(bench.ctx.executable), bench.at("program"));
    EXPECT_EQ(find(bench, {"data", "directory", "other"}), 0);
    EXPECT_EQ(bench.ctx.text(bench.ctx.executable), bench.at("other"));
    EXPECT_EQ(find(bench, {"link"}), 0);
  });
}

TEST_F(FindExecutable, TellsWhyThereIsNone) {
  check_in_sandbox([](Bench& bench) {
    make_candidates(bench);
    EXPECT_EQ(find(bench, {}), -ENOENT);
    EXPECT_EQ(find(bench, {"missing"}), -ENOENT);
    EXPECT_EQ(find(bench, {"program/below"}), -ENOENT);
    EXPECT_EQ(find(bench, {"data"}), -EACCES);
    EXPECT_EQ(find(bench, {"fifo"}), -EACCES);
    EXPECT_EQ(find(bench, {"directory"}), -EISDIR);
    EXPECT_EQ(find(bench, {"missing", "data"}), -EACCES);
    EXPECT_EQ(find(bench, {"data", "missing"}), -EACCES);
    EXPECT_EQ(find(bench, {"missing", "directory", "data"}), -EISDIR);
    EXPECT_EQ(bench.ctx.executable, 0U);
  });
}

TEST_F(FindExecutable, AsksForTheEffectiveUser) {
  check_in_sandbox([](Bench& bench) {
    write_file(bench.at("roots"), "", 0700);
    EXPECT_EQ(find(bench, {"roots"}), 0);
    ASSERT_EQ(::setresuid(0, 1234, 0), 0);
    EXPECT_EQ(find(bench, {"roots"}), -EACCES);
  });
}

class Ready : public InitTest {
 protected:
  // A listening socket for `start`, in the abstract namespace.
  static int listen_at(sockaddr_un& address) {
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    address.sun_family = AF_UNIX;
    socklen_t size = sizeof(sa_family_t);  // autobind: unix(7)
    EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd, 4), 0);
    size_ = sizeof(address);
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size_), 0);
    return fd;
  }
  static int connect_to(const sockaddr_un& address) {
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), size_), 0);
    return fd;
  }

 private:
  static inline socklen_t size_ = 0;
};

// Runs `ready` in a child; `parent` plays the other side of the report socket.
int run_ready(const std::function<void(int)>& parent, const std::function<void(Bench&)>& child_body) {
  Bench bench;
  const int socket = bench.connect_report();
  support::Forked child([&] {
    ::close(socket);
    child_body(bench);
  });
  ::close(bench.ctx.report);
  parent(socket);
  ::close(socket);
  return child.wait();
}

TEST_F(Ready, WithoutAGateGoesOnTheParentsWord) {
  EXPECT_EQ(run_ready(
                [](int socket) {
                  const Message message = hear(socket);
                  EXPECT_EQ(message.kind, MessageKind::kReady);
                  EXPECT_EQ(message.err, 0);
                  say(socket, MessageKind::kStart);
                },
                [](Bench& bench) {
                  ASSERT_EQ(::prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
                  const int report = bench.ctx.report;
                  EXPECT_EQ(ready(bench.ctx, bench.op()), 0);
                  EXPECT_EQ(bench.ctx.report, report);
                  int signal = -1;
                  EXPECT_EQ(::prctl(PR_GET_PDEATHSIG, &signal), 0);
                  EXPECT_EQ(signal, 0);
                }),
            0);
}

TEST_F(Ready, EndsWithTheParent) {
  EXPECT_EQ(run_ready([](int socket) { hear(socket); },
                      [](Bench& bench) { EXPECT_EQ(ready(bench.ctx, bench.op()), -EPIPE); }),
            0);
}

TEST_F(Ready, AcceptsNoOtherWord) {
  for (const auto kind : {MessageKind::kGo, MessageKind::kDescriptors, MessageKind::kReady}) {
    EXPECT_EQ(run_ready(
                  [&](int socket) {
                    hear(socket);
                    say(socket, kind);
                  },
                  [](Bench& bench) { EXPECT_EQ(ready(bench.ctx, bench.op()), -EPIPE); }),
              0);
  }
}

void set_gate(Bench& bench, plan::image::Header& header, int fd) {
  header = *bench.ctx.image.header;
  header.gate_slot = bench.add_slot(fd);
  bench.ctx.image.header = &header;
}

TEST_F(Ready, WaitsAtTheGateForStart) {
  sockaddr_un address{};
  const int gate = listen_at(address);
  EXPECT_EQ(run_ready(
                [&](int socket) {
                  EXPECT_EQ(hear(socket).kind, MessageKind::kReady);
                  say(socket, MessageKind::kGo);
                  char byte;
                  EXPECT_EQ(::recv(socket, &byte, 1, 0), 0);  // init has let go of the one that created it
                  ::close(connect_to(address));               // goes away without a word
                  const int wrong = connect_to(address);
                  say(wrong, MessageKind::kGo);  // says the wrong one
                  EXPECT_EQ(::recv(wrong, &byte, 1, 0), 0);
                  ::close(wrong);
                  const int start = connect_to(address);
                  say(start, MessageKind::kStart);
                  EXPECT_EQ(hear(start).kind, MessageKind::kWarning);
                  ::close(start);
                },
                [&](Bench& bench) {
                  plan::image::Header header{};
                  set_gate(bench, header, gate);
                  EXPECT_EQ(ready(bench.ctx, bench.op()), 0);
                  send(bench.ctx, MessageKind::kWarning, 0, 0);  // to the one that said start
                }),
            0);
  ::close(gate);
}

TEST_F(Ready, AtAGateIsNotStartedByItsCreator) {
  sockaddr_un address{};
  const int gate = listen_at(address);
  EXPECT_EQ(run_ready(
                [&](int socket) {
                  hear(socket);
                  say(socket, MessageKind::kStart);
                },
                [&](Bench& bench) {
                  plan::image::Header header{};
                  set_gate(bench, header, gate);
                  EXPECT_EQ(ready(bench.ctx, bench.op()), -EPIPE);
                }),
            0);
  ::close(gate);
}

using CloseFds = InitTest;

// All descriptors of this process but the standard ones are opened, then closed from `first` on.
void expect_closed(unsigned first, int report_at) {
  check_in_child([&] {
    Bench bench;
    for (int fd = 3; fd < 200; ++fd) ASSERT_EQ(::dup2(0, fd), fd);
    bench.ctx.report = report_at;
    auto op = bench.op();
    op.a = first;
    EXPECT_EQ(close_fds(bench.ctx, op), 0);
    for (int fd = 0; fd < 1024; ++fd) {
      const bool open = ::fcntl(fd, F_GETFD) >= 0;
      const bool wanted = fd < 200 && (fd < static_cast<int>(first) || fd == report_at);
      EXPECT_EQ(open, wanted) << fd << " with " << first << " and the report socket at " << report_at;
    }
  });
}

TEST_F(CloseFds, ClosesAllButTheReport) {
  for (const int report : {3, 4, 50, 199}) expect_closed(3, report);
}

TEST_F(CloseFds, LeavesThePreservedOnes) {
  for (const int report : {5, 9, 10, 11, 199}) expect_closed(10, report);
}

TEST_F(CloseFds, WithoutAReportClosesAll) { expect_closed(3, -1); }

// The runtime's own program as the last op of an image.
struct OwnProgram {
  plan::image::Header header{};
  plan::image::Op exec{};

  OwnProgram(Bench& bench, int fd, unsigned flags = 0) {
    exec = bench.with_slot(fd, "", flags);
    exec.kind = plan::image::OpKind::kExec;
    header = *bench.ctx.image.header;
    header.op_count = 1;
    bench.ctx.image.header = &header;
    bench.ctx.image.ops = &exec;
  }
};

TEST_F(CloseFds, SparesTheProgramUntilItIsExecuted) {
  for (const auto& [program, report] : {std::pair{3, 9}, {9, 3}, {7, 8}, {8, 7}, {199, 20}, {20, -1}}) {
    check_in_child([program = program, report = report] {
      Bench bench;
      for (int fd = 3; fd < 200; ++fd) ASSERT_EQ(::dup2(0, fd), fd);
      const OwnProgram own(bench, program);
      bench.ctx.report = report;
      auto op = bench.op();
      op.a = 3;
      EXPECT_EQ(close_fds(bench.ctx, op), 0);
      EXPECT_EQ(::fcntl(program, F_GETFD), FD_CLOEXEC);
      for (int fd = 3; fd < 1024; ++fd) EXPECT_EQ(::fcntl(fd, F_GETFD) >= 0, fd == program || fd == report) << fd;
    });
  }
}

using Seccomp = InitTest;

// Denies each of `calls` with EXDEV.
std::vector<sock_filter> deny(std::initializer_list<int> calls) {
  std::vector<sock_filter> code = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const int call : calls) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return code;
}

long load(Bench& bench, plan::image::Header& header, const std::vector<sock_filter>& code, std::uint64_t flags = 0) {
  header = *bench.ctx.image.header;
  header.filter_count = static_cast<std::uint32_t>(code.size());
  bench.ctx.image.header = &header;
  bench.ctx.image.filter = code.data();
  auto op = bench.op();
  op.a = flags;
  return seccomp(bench.ctx, op);
}

TEST_F(Seccomp, FilterIsInForce) {
  check_in_child([] {
    Bench bench;
    plan::image::Header header{};
    EXPECT_EQ(load(bench, header, deny({SYS_getppid})), 0);
    EXPECT_EQ(::syscall(SYS_getppid), -1);
    EXPECT_EQ(errno, EXDEV);
    EXPECT_EQ(status_field("Seccomp"), "2");
  });
}

TEST_F(Seccomp, RefusesWhatIsNoFilter) {
  check_in_child([] {
    Bench bench;
    plan::image::Header header{};
    EXPECT_EQ(load(bench, header, {}), -EINVAL);
    EXPECT_EQ(load(bench, header, {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)}), -EINVAL);
    EXPECT_EQ(load(bench, header, deny({SYS_getppid}), 1U << 30), -EINVAL);
    EXPECT_GT(::syscall(SYS_getppid), 0);
  });
}

// A filter without network calls must not hide why the program could not be executed.
TEST_F(Seccomp, DoesNotKeepAFailureFromBeingReported) {
  check_in_child([] {
    Bench bench;
    const int parent = bench.connect_report();
    plan::image::Header header{};
    ASSERT_EQ(load(bench, header, deny({SYS_sendto, SYS_sendmsg})), 0);
    send(bench.ctx, MessageKind::kFailure, ENOEXEC, kExecFailed);
    const Message message = hear(parent);
    EXPECT_EQ(message.kind, MessageKind::kFailure);
    EXPECT_EQ(message.err, ENOEXEC);
    EXPECT_EQ(message.detail, kExecFailed);
  });
}

using Exec = InitTest;

struct Program {
  plan::image::Header header{};
  std::vector<std::uint64_t> argv, envp;

  Program(Bench& bench, const char* path, std::initializer_list<const char*> args,
          std::initializer_list<const char*> env) {
    for (const char* arg : args) argv.push_back(bench.text(arg));
    for (const char* variable : env) envp.push_back(bench.text(variable));
    header = *bench.ctx.image.header;
    header.argv_count = static_cast<std::uint32_t>(argv.size());
    header.envp_count = static_cast<std::uint32_t>(envp.size());
    argv.push_back(0);
    envp.push_back(0);
    bench.ctx.image.header = &header;
    bench.ctx.image.argv = argv.data();
    bench.ctx.image.envp = envp.data();
    bench.ctx.executable = bench.text(path);
  }
};

TEST_F(Exec, RunsTheProgramWithItsArgumentsUnderTheFilter) {
  const char* script =
      "test \"$0:$1:$GREETING:$HOME\" = a:b:hello: || exit 3; "
      "chmod 0600 \"$DENIED\" 2> /dev/null && exit 4; "
      "grep -q '^Seccomp:.2$' /proc/self/status && exit 7";
  const auto body = [&](Bench& bench) {
    const std::string denied = bench.at("denied"), variable = "DENIED=" + denied;
    write_file(denied, "");
    plan::image::Header header{};
    ASSERT_EQ(load(bench, header, deny({SYS_fchmodat})), 0);
    const Program program(bench, "/bin/sh", {"shell", "-c", script, "a", "b"},
                          {"GREETING=hello", "PATH=/usr/bin:/bin", variable.c_str()});
    exec(bench.ctx, bench.op());
    ADD_FAILURE() << "exec returned";
  };
  EXPECT_EQ(in_sandbox(body), 7);
}

TEST_F(Exec, RunsAProgramByDescriptor) {
  for (const unsigned flags : {0U, static_cast<unsigned>(plan::image::kByPath)}) {
    const auto body = [&](Bench& bench) {
      plan::image::Header filter{};
      ASSERT_EQ(load(bench, filter, deny({flags == 0 ? SYS_execve : SYS_execveat})), 0);
      const int fd = ::open("/bin/sh", O_RDONLY | O_CLOEXEC);
      const OwnProgram own(bench, fd, flags);
      const Program program(bench, "/nonexistent", {"shell", "-c", "test \"$0\" = a && exit 7", "a"}, {});
      exec(bench.ctx, own.exec);
      ADD_FAILURE() << "exec returned";
    };
    EXPECT_EQ(in_sandbox(body), 7) << flags;
  }
}

TEST_F(Exec, SaysThatItFailed) {
  check_in_sandbox([](Bench& bench) {
    write_file(bench.at("no-program"), "just text", 0755);
    write_file(bench.at("script"), "#!/no/such/interpreter\n", 0755);
    const std::pair<const char*, long> cases[] = {{"missing", -ENOENT}, {"no-program", -ENOEXEC}, {"script", -ENOENT}};
    for (const auto& [name, expected] : cases) {
      const Program program(bench, bench.at(name).c_str(), {name}, {});
      bench.ctx.detail = 0;
      EXPECT_EQ(exec(bench.ctx, bench.op()), expected) << name;
      EXPECT_EQ(bench.ctx.detail, kExecFailed) << name;
    }
  });
}

}  // namespace
}  // namespace init
