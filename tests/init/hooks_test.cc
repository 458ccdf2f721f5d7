// place_root, runtime_hook and run_hook.
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "tests/init/sandbox.h"

namespace init {
namespace {

using PlaceRoot = InitTest;
using RuntimeHook = InitTest;
using RunHook = InitTest;

// `fd`: the program; -1: by its path in the root.
Bench::Op hook_op(Bench& bench, int fd, std::string_view path, std::initializer_list<std::string_view> args,
                  std::initializer_list<std::string_view> env = {}, std::uint32_t timeout = 0) {
  std::vector<std::uint32_t> words = {bench.text("{\"pid\":"), bench.text("}\n"), timeout, 0, static_cast<std::uint32_t>(args.size()), 0, 0, 0, 0, 0, 0};
  for (const auto arg : args) words.push_back(bench.text(arg));
  for (const auto entry : env) words.push_back(bench.text(entry));
  auto op = bench.with_words(words);
  op.kind = plan::image::OpKind::kRunHook;
  op.text = bench.text(path);
  op.text2 = bench.text("/hooks/createContainer/0");
  op.slot = fd < 0 ? plan::image::kNoSlot : bench.add_slot(fd);
  return op;
}

Bench::Op shell(Bench& bench, const std::string& script, std::uint32_t timeout = 0) {
  return hook_op(bench, ::open("/bin/sh", O_RDONLY | O_CLOEXEC), "/bin/sh", {"sh", "-c", script}, {"PATH=/usr/bin:/bin"}, timeout);
}

TEST_F(PlaceRoot, IsSeenWhereTheHostHasIt) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("place"));
    const int root = bench.new_mount("tmpfs");
    auto op = bench.with_slot(root);
    op.a = static_cast<std::uint64_t>(bench.add_slot(::open(bench.at("place").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
    EXPECT_EQ(place_root(bench.ctx, op), 0);
    EXPECT_EQ(bench.ctx.fd(static_cast<std::int32_t>(op.a)), -1);
    EXPECT_EQ(bench.ctx.root, root);
    EXPECT_EQ(make_dir(bench.ctx, bench.op("/made/inside")), 0);
    EXPECT_TRUE(exists(bench.at("place/made/inside")));
    op.slot = bench.add_slot(root);
    EXPECT_LT(place_root(bench.ctx, op), 0) << "there is no place";
  });
}

TEST_F(RuntimeHook, WaitsForTheParent) {
  check_in_sandbox([](Bench& bench) {
    const int parent = bench.connect_report();
    say(parent, MessageKind::kHookDone);
    EXPECT_EQ(runtime_hook(bench.ctx, bench.op()), 0);
    EXPECT_EQ(hear(parent).kind, MessageKind::kHook);
    say(parent, MessageKind::kStart);
    EXPECT_EQ(runtime_hook(bench.ctx, bench.op()), -EPIPE);
    ::close(parent);
    EXPECT_EQ(runtime_hook(bench.ctx, bench.op()), -EPIPE);
  });
}

TEST_F(RunHook, RunsTheDescriptorsProgramWithTheState) {
  check_in_sandbox([](Bench& bench) {
    const auto op = shell(bench, "cat > " + bench.at("state") + "; pwd > " + bench.at("cwd") + "; umask > " + bench.at("mask"));
    EXPECT_EQ(run_hook(bench.ctx, op), 0);
    EXPECT_EQ(read_file(bench.at("state")), "{\"pid\":" + std::to_string(::getpid()) + "}\n");
    EXPECT_EQ(read_file(bench.at("cwd")), "/\n");
    EXPECT_EQ(read_file(bench.at("mask")), "0022\n");
    EXPECT_EQ(bench.ctx.fd(op.slot), -1) << "the host's file is held no longer";
    EXPECT_EQ(bench.ctx.told_size, 0U);
  });
}

TEST_F(RunHook, WithoutArgumentsOrEnvironment) {
  check_in_sandbox([](Bench& bench) {
    EXPECT_EQ(run_hook(bench.ctx, hook_op(bench, ::open("/bin/true", O_RDONLY | O_CLOEXEC), "/bin/true", {})), 0);
  });
}

std::string told(const Bench& bench) {
  std::string text(bench.ctx.told, bench.ctx.told_size);
  for (char& c : text) c = c == '\0' ? '|' : c;
  return text;
}

TEST_F(RunHook, TellsWhyItFailed) {
  check_in_sandbox([](Bench& bench) {
    EXPECT_EQ(run_hook(bench.ctx, shell(bench, "echo no luck >&2; exit 3")), -3);
    EXPECT_EQ(bench.ctx.detail, kHookExited);
    EXPECT_EQ(told(bench), "/hooks/createContainer/0|/bin/sh|0|no luck\n");
    EXPECT_EQ(run_hook(bench.ctx, shell(bench, "kill -6 $$")), -6);
    EXPECT_EQ(bench.ctx.detail, kHookSignalled);
    EXPECT_EQ(run_hook(bench.ctx, shell(bench, "sleep 60", 1)), -ETIMEDOUT);
    EXPECT_EQ(bench.ctx.detail, kHookTimedOut);
    EXPECT_EQ(told(bench), "/hooks/createContainer/0|/bin/sh|1|");
    EXPECT_EQ(run_hook(bench.ctx, hook_op(bench, ::open("/etc/passwd", O_RDONLY | O_CLOEXEC), "/etc/passwd", {})), -EACCES);
    EXPECT_EQ(bench.ctx.detail, kHookNotRun);
    EXPECT_EQ(run_hook(bench.ctx, shell(bench, "head -c 100000 /dev/zero; exit 1")), -1);
    EXPECT_LE(bench.ctx.told_size, kMaxHookText);
    EXPECT_GT(bench.ctx.told_size, 4096U);
  });
}

TEST_F(RunHook, FindsWhatLiesInTheRootAlone) {
  check_in_sandbox([](Bench& bench) {
    write_file(bench.at("hook"), "#!/bin/sh\necho $* > " + bench.at("ran"), 0755);
    EXPECT_EQ(run_hook(bench.ctx, hook_op(bench, -1, "/hook", {"replaced", "a", "b"})), 0);
    EXPECT_EQ(read_file(bench.at("ran")), "a b\n");
    bench.ctx.detail = 0;
    EXPECT_EQ(run_hook(bench.ctx, hook_op(bench, -1, "/bin/sh", {})), -ENOENT) << "the host's";
    link_at("/bin/true", bench.at("out"));
    EXPECT_EQ(run_hook(bench.ctx, hook_op(bench, -1, "/out", {})), -ENOENT);
    make_dir_at(bench.at("directory"));
    EXPECT_EQ(run_hook(bench.ctx, hook_op(bench, -1, "/directory", {})), -EACCES);
    EXPECT_EQ(bench.ctx.detail, kHookNotRun);
  });
}

TEST_F(RunHook, IsTheFileThatWasHashed) {
  check_in_sandbox([](Bench& bench) {
    write_file(bench.at("hook"), "#!/bin/sh\ntrue", 0755);
    const auto info = info_of(bench.at("hook"));
    const auto changed = static_cast<std::uint64_t>(info.st_ctim.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(info.st_ctim.tv_nsec);
    const std::uint64_t device = std::uint64_t{major(info.st_dev)} << 32 | minor(info.st_dev);
    const auto op = [&](std::uint64_t d, std::uint64_t inode, std::uint64_t c) {
      const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
      const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
      auto out = bench.with_words({bench.text("1"), bench.text("2"), 0, 0, 1, low(d), high(d), low(inode), high(inode), low(c), high(c), bench.text("hook")});
      out.text = bench.text("/hook");
      out.flags = plan::image::kVerified;
      return out;
    };
    EXPECT_EQ(run_hook(bench.ctx, op(device, info.st_ino, changed)), 0);
    for (const auto& wrong : {op(device + 1, info.st_ino, changed), op(device, info.st_ino + 1, changed), op(device, info.st_ino, changed + 1)}) {
      bench.ctx.detail = 0;
      EXPECT_EQ(run_hook(bench.ctx, wrong), -EPERM);
      EXPECT_EQ(bench.ctx.detail, kHookChanged);
    }
  });
}

}  // namespace
}  // namespace init
