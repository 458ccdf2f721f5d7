// The program is the file that was hashed before.
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "tests/init/sandbox.h"

namespace init {
namespace {

using VerifyProgram = InitTest;

Bench::Op as_it_is(Bench& bench, const std::string& path, std::string_view text, std::uint64_t later = 0) {
  const auto info = info_of(path);
  const auto changed = static_cast<std::uint64_t>(info.st_ctim.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(info.st_ctim.tv_nsec) + later;
  auto op = bench.with_words({static_cast<std::uint32_t>(changed), static_cast<std::uint32_t>(changed >> 32)});
  op.text = text.empty() ? 0 : bench.text(text);
  op.a = std::uint64_t{::major(info.st_dev)} << 32 | ::minor(info.st_dev);
  op.b = info.st_ino;
  return op;
}

TEST_F(VerifyProgram, IsTheFileThatWasHashed) {
  check_in_sandbox([](Bench& bench) {
    const auto path = bench.at("program");
    write_file(path, "one", 0755);
    write_file(bench.at("other"), "one", 0755);
    for (const bool chosen : {true, false}) {
      bench.ctx.executable = chosen ? bench.text(path) : 0;
      const auto op = as_it_is(bench, path, chosen ? "" : path);
      EXPECT_EQ(verify_program(bench.ctx, op), 0);
      auto wrong = op;
      wrong.b ^= 1;
      expect_mismatch(bench, verify_program(bench.ctx, wrong));
      wrong = op;
      wrong.a ^= 1;
      expect_mismatch(bench, verify_program(bench.ctx, wrong));
      expect_mismatch(bench, verify_program(bench.ctx, as_it_is(bench, path, chosen ? "" : path, 1)));
    }
    const auto op = as_it_is(bench, path, path);
    EXPECT_EQ(::mount(bench.at("other").c_str(), path.c_str(), nullptr, MS_BIND, nullptr), 0);
    expect_mismatch(bench, verify_program(bench.ctx, op));
    EXPECT_EQ(::umount(path.c_str()), 0);
    EXPECT_EQ(verify_program(bench.ctx, op), 0);
    EXPECT_EQ(::unlink(path.c_str()), 0);
    EXPECT_EQ(verify_program(bench.ctx, op), -ENOENT);
  });
}

}  // namespace
}  // namespace init
