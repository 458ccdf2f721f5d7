// Secrets that leave the environment: where their files come to be, and that nothing tells them.

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sched.h>

#include <algorithm>

#include "plan/encode.h"
#include "plan/image.h"
#include "plan/print.h"
#include "samples.h"

namespace {

std::vector<plan::WriteFile> files(const plan::LaunchPlan& p) {
  std::vector<plan::WriteFile> out;
  for (const auto& step : p.steps) {
    if (const auto* file = std::get_if<plan::WriteFile>(&step.op)) out.push_back(*file);
  }
  return out;
}

const plan::FdSource& source_of(const plan::LaunchPlan& p) {
  return p.fds.at(static_cast<std::size_t>(files(p).at(0).mount.index)).source;
}

const plan::NewMount* new_mount_of(const plan::LaunchPlan& p) {
  for (const auto& step : p.steps) {
    const auto* made = std::get_if<plan::NewMount>(&step.op);
    if (made != nullptr && made->mount.index == files(p).at(0).mount.index) return made;
  }
  return nullptr;
}

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

TEST(SecretsPlan, AFileForEachOfTheContainersUser) {
  oci::Spec spec = samples::with_secrets();
  spec.process->user.uid = 1000;
  spec.process->user.gid = 1001;
  const auto p = samples::plan_of(samples::redirected(spec));
  const auto all = files(p);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "DB_PASSWORD");
  EXPECT_EQ(all[0].text, "hunter2-canary");
  EXPECT_EQ(all[1].name, "DATABASE_URL");
  EXPECT_EQ(all[1].text, "postgres://app:canary-2@db/app");
  for (const auto& file : all) {
    EXPECT_EQ(file.mode, 0400U);
    EXPECT_EQ(file.uid, 1000U);
    EXPECT_EQ(file.gid, 1001U);
  }
  EXPECT_TRUE(has(p.envp, "DB_PASSWORD_FILE=/run/secrets/DB_PASSWORD"));
  EXPECT_TRUE(std::none_of(p.envp.begin(), p.envp.end(),
                           [](const std::string& entry) { return entry.find("canary") != std::string::npos; }));
}

TEST(SecretsPlan, TheTmpfsIsAsLargeAsItsFiles) {
  oci::Spec spec = samples::minimal();
  spec.process->env = {"A_PASSWORD=" + std::string(4097, 'a') + "1", "B_PASSWORD=hunter2"};
  const auto p = samples::plan_of(samples::redirected(spec, false));
  const auto* made = new_mount_of(p);
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->attr, static_cast<std::uint64_t>(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  EXPECT_EQ(made->options,
            (std::vector<std::string>{"source=secrets", "mode=555", "size=12288", "nr_inodes=3", "noswap"}));
}

// "noswap" can be set by the host's root alone: in a user namespace the parent makes the mount, for init to fill.
TEST(SecretsPlan, WhoMakesTheTmpfs) {
  const auto remapped = samples::plan_of(samples::redirected());
  const auto* parent = std::get_if<plan::ParentMount>(&source_of(remapped));
  ASSERT_NE(parent, nullptr);
  EXPECT_TRUE(has(parent->options, "noswap"));
  EXPECT_TRUE(has(parent->options, "uid=1879048192"));
  EXPECT_TRUE(has(parent->options, "gid=1879048192"));
  const auto swappable = samples::plan_of(samples::redirected(samples::with_secrets(), true, false));
  EXPECT_TRUE(std::holds_alternative<plan::LocalMount>(source_of(swappable)));
  EXPECT_FALSE(has(new_mount_of(swappable)->options, "noswap"));
  EXPECT_FALSE(std::any_of(new_mount_of(swappable)->options.begin(), new_mount_of(swappable)->options.end(),
                           [](const std::string& option) { return option.starts_with("uid="); }));
}

TEST(SecretsPlan, IsVerifiedAndAttachedLast) {
  const auto p = samples::plan_of(samples::redirected());
  EXPECT_EQ(p.mounts.back().target, "/run/secrets");
  EXPECT_TRUE(p.mounts.back().no_symlinks);
  const auto verified = std::find_if(p.steps.begin(), p.steps.end(), [](const plan::Step& step) {
    const auto* verify = std::get_if<plan::VerifyMount>(&step.op);
    return verify != nullptr && verify->path == "/run/secrets";
  });
  ASSERT_NE(verified, p.steps.end());
  EXPECT_EQ(std::get<plan::VerifyMount>(verified->op).flags, 15U);
  EXPECT_EQ(std::get<plan::VerifyMount>(verified->op).type, static_cast<std::uint64_t>(TMPFS_MAGIC));
}

TEST(SecretsPlan, IsPrintedWithoutTheValues) {
  const auto outcome = samples::redirected();
  const auto p = samples::plan_of(outcome);
  for (const auto& text : {plan::print_text(p, outcome.decisions, {}), plan::print_json(p, outcome.decisions)}) {
    EXPECT_EQ(text.find("canary"), std::string::npos);
    EXPECT_NE(text.find("DB_PASSWORD 0400 owner 0:0, 14 characters"), std::string::npos);
  }
}

TEST(SecretsPlan, IsEncodedWithThem) {
  const auto p = samples::plan_of(samples::redirected());
  std::string bytes = plan::encode(p).value();
  std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(aligned.data()));
  plan::image::View view{};
  ASSERT_TRUE(plan::image::check_image(aligned.data(), bytes.size(), view));
  for (std::uint32_t i = 0; i < view.header->op_count; ++i) {
    const auto& op = view.ops[i];
    if (op.kind != plan::image::OpKind::kWriteFile) continue;
    EXPECT_STREQ(view.strings + op.text, "DB_PASSWORD");
    EXPECT_STREQ(view.strings + op.text2, "hunter2-canary");
    EXPECT_EQ(op.a, 0400U);
    ASSERT_EQ(op.count, 2U);
    EXPECT_EQ(view.words[op.words], 0U);
    return;
  }
  FAIL() << "no file";
}

}  // namespace
