// Hooks on the host: what is refused before it is run, and the words for what goes wrong.
#include "launch/hooks.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/sha256.h"
#include "base/text.h"

namespace launch {
namespace {

namespace fs = std::filesystem;

class Hooks : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hooks_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    top_ = name;
  }
  void TearDown() override { fs::remove_all(top_); }

  oci::CheckedHook script(const std::string& text, std::vector<std::string> digests = {}) {
    const fs::path path = top_ / "hook";
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms::owner_all);
    return {.kind = "prestart", .pointer = "/hooks/prestart/0", .hook = {.path = path, .args = {}, .env = {"PATH=/usr/bin:/bin"}, .timeout = {}}, .digests = std::move(digests)};
  }
  std::string failure(const oci::CheckedHook& hook, std::string_view state = "{}") {
    const auto ran = run_hook(hook, top_, state);
    return ran ? "" : ran.error().message();
  }
  std::string where() const { return base::cat("config.json: /hooks/prestart/0: hook \"", (top_ / "hook").string(), "\""); }

  fs::path top_;
};

TEST_F(Hooks, RunWithTheStateInTheirDirectory) {
  EXPECT_EQ(failure(script("#!/bin/sh\ncat > read; pwd > here\n"), R"({"id":"x"})"), "");
  std::string text;
  std::getline(std::ifstream(top_ / "read"), text);
  EXPECT_EQ(text, R"({"id":"x"})");
  std::getline(std::ifstream(top_ / "here"), text);
  EXPECT_EQ(text, top_);
  auto hook = script("#!/bin/sh\npwd > " + (top_ / "here").string());
  EXPECT_TRUE(run_hook(hook, "/no/such/bundle", "{}"));
  std::getline(std::ifstream(top_ / "here"), text);
  EXPECT_EQ(text, "/");
}

TEST_F(Hooks, ThatMustBeAFileAreNoOther) {
  auto hook = script("#!/bin/sh\n");
  const std::string path = hook.hook.path;
  fs::create_symlink(path, top_ / "link");
  hook.hook.path = top_ / "link";
  hook.program = path;
  EXPECT_EQ(failure(hook), "");
  fs::copy_file(path, top_ / "copy");
  hook.program = top_ / "copy";
  EXPECT_NE(failure(hook).find("is not the file"), std::string::npos);
  hook.program = top_ / "none";
  EXPECT_NE(failure(hook).find("is not the file"), std::string::npos);
}

// init goes at once when it has said why, and may have left a word of the parent's unread (unix(7): ECONNRESET, once).
TEST_F(Hooks, FailureInTheContainerIsHeardThoughInitHasGone) {
  using namespace std::string_literals;
  const std::string text = "/hooks/createContainer/0\0/bin/slow\0007\0begun\n"s;
  const init::Message failure{init::MessageKind::kFailure, 3, ETIMEDOUT, init::kHookTimedOut};
  for (const bool unread : {false, true}) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    const base::UniqueFd parent(pair[0]);
    base::UniqueFd child(pair[1]);
    ASSERT_EQ(::send(child.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    const ssize_t sent = unread ? ::send(parent.get(), "go", 2, 0) : 2;
    ASSERT_EQ(sent, 2);
    child.reset();
    EXPECT_EQ(receive_hook_failure(failure, parent.get()).message(),
              "config.json: /hooks/createContainer/0: hook \"/bin/slow\": timeout after 7 s: begun") << unread;
  }
}

TEST_F(Hooks, FailInOneLine) {
  EXPECT_EQ(failure(script("#!/bin/sh\necho a; printf 'b\\033' >&2; exit 3")), where() + " ended with status 3: a\\nb\\x1b");
  EXPECT_EQ(failure(script("#!/bin/sh\nkill -9 $$")), where() + " was ended by signal 9");
  auto slow = script("#!/bin/sh\necho begun; sleep 60");
  slow.hook.timeout = 1;
  EXPECT_EQ(failure(slow), where() + ": timeout after 1 s: begun");
  EXPECT_NE(failure(script("no program")).find("script without #!"), std::string::npos);
  fs::permissions(script("").hook.path, fs::perms::owner_read);
  auto closed = script("#!/bin/sh\n");
  fs::permissions(closed.hook.path, fs::perms::owner_read);
  EXPECT_EQ(failure(closed), where() + ": permission denied");
  closed.hook.path = top_;
  EXPECT_NE(failure(closed).find("is not a regular file"), std::string::npos);
  closed.hook.path = top_ / "none";
  EXPECT_NE(failure(closed).find("no such file"), std::string::npos);
}

TEST_F(Hooks, RunOnlyWithOneOfTheirDigests) {
  const std::string text = "#!/bin/sh\necho ran > ran\n";
  const std::string own = "sha256:" + base::hex(base::sha256(text)), other = "sha256:" + std::string(64, '0');
  EXPECT_EQ(failure(script(text, {other, own})), "");
  EXPECT_TRUE(fs::remove(top_ / "ran"));
  const auto hook = script(text, {other});
  EXPECT_TRUE(failure(hook).starts_with(base::cat(where(), " is ", own, ", which is not allowed")));
  EXPECT_FALSE(fs::exists(top_ / "ran"));

  plan::LaunchPlan plan;
  EXPECT_TRUE(check_hooks(plan));
  plan.poststop = {script(text)};
  EXPECT_TRUE(check_hooks(plan));
  for (auto* list : {&plan.poststart, &plan.poststop}) {
    *list = {hook};
    EXPECT_FALSE(check_hooks(plan));
    list->clear();
  }
  plan.steps.push_back({plan::RuntimeHook{hook}, hook.pointer});
  EXPECT_FALSE(check_hooks(plan));
  plan.steps.back().op = plan::RunHook{.hook = hook, .program = plan::Slot{0}};
  EXPECT_FALSE(check_hooks(plan));
  plan.steps.back().op = plan::RunHook{.hook = hook};  // in the container: it is no file of the host
  EXPECT_TRUE(check_hooks(plan));
}

TEST(HookFailure, OfInitIsToldByItsText) {
  const auto told = [](std::uint32_t detail, int err, std::string_view text) {
    return hook_failure({init::MessageKind::kFailure, 9, err, detail}, text).message();
  };
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(told(init::kHookExited, 4, "/hooks/startContainer/1\0/bin/x\0" "0\0no luck\n"sv),
            "config.json: /hooks/startContainer/1: hook \"/bin/x\" ended with status 4: no luck");
  EXPECT_EQ(told(init::kHookSignalled, 6, "/p\0/x\0" "0\0"sv), "config.json: /p: hook \"/x\" was ended by signal 6");
  EXPECT_EQ(told(init::kHookTimedOut, ETIMEDOUT, "/p\0/x\0" "5\0"sv), "config.json: /p: hook \"/x\": timeout after 5 s");
  EXPECT_EQ(told(init::kHookNotRun, ENOENT, "/p\0/x\0" "5\0"sv), "config.json: /p: hook \"/x\": no such file or directory");
  EXPECT_NE(told(init::kHookChanged, EPERM, "/p\0/x\0" "5\0"sv).find("is not the file whose digest"), std::string::npos);
  EXPECT_EQ(told(init::kHookExited, 1, ""), "config.json: : hook \"\" ended with status 1") << "init was killed before it could tell";
}

}  // namespace
}  // namespace launch
