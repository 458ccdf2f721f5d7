#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/text.h"
#include "oci/cpu_list.h"
#include "oci/read.h"
#include "spec_text.h"

using oci_test::refusal_of;

namespace {

oci::Process read(std::string_view text) {
  auto process = oci::read_process(text);
  EXPECT_TRUE(process.has_value()) << process.error().message();
  return process.has_value() ? std::move(process).value() : oci::Process{};
}

std::string refusal(std::string_view pointer, std::string_view value) {
  const std::string message = refusal_of(base::cat("/process", pointer), value);
  const std::string prefix = "config.json: /process";
  EXPECT_EQ(message.rfind(prefix, 0), 0U) << message;
  return message.substr(std::min(prefix.size(), message.size()));
}

TEST(ReadProcess, EveryMember) {
  const auto p = read(R"({"terminal":true,"consoleSize":{"height":25,"width":80},
    "user":{"uid":1,"gid":2,"umask":63,"additionalGids":[3,4]},"args":["a","b"],"env":["K=v","E=","X==y"],"cwd":"/w",
    "capabilities":{"bounding":["CAP_CHOWN"],"effective":["KILL"],"inheritable":["cap_net_raw"],
      "permitted":["CAP_BPF"],"ambient":["CAP_CHECKPOINT_RESTORE"]},
    "rlimits":[{"type":"RLIMIT_NOFILE","soft":1,"hard":18446744073709551615}],"noNewPrivileges":true,
    "apparmorProfile":"ap","selinuxLabel":"se","oomScoreAdj":-998,
    "scheduler":{"policy":"SCHED_FIFO","nice":-5,"priority":50,"flags":["SCHED_FLAG_RESET_ON_FORK","SCHED_FLAG_RECLAIM"]},
    "ioPriority":{"class":"IOPRIO_CLASS_IDLE","priority":7},"execCPUAffinity":{"initial":"0","final":"0-3,5"}})");
  EXPECT_TRUE(p.terminal);
  EXPECT_EQ(p.console_size->height, 25U);
  EXPECT_EQ(p.console_size->width, 80U);
  EXPECT_EQ(p.user.uid, 1U);
  EXPECT_EQ(p.user.gid, 2U);
  EXPECT_EQ(p.user.umask, 63U);
  EXPECT_EQ(p.user.additional_gids, (std::vector<std::uint32_t>{3, 4}));
  EXPECT_EQ(p.args, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(p.env, (std::vector<std::string>{"K=v", "E=", "X==y"}));
  EXPECT_EQ(p.cwd, "/w");
  EXPECT_EQ(p.capabilities->bounding, 1ULL << 0);
  EXPECT_EQ(p.capabilities->effective, 1ULL << 5);
  EXPECT_EQ(p.capabilities->inheritable, 1ULL << 13);
  EXPECT_EQ(p.capabilities->permitted, 1ULL << 39);
  EXPECT_EQ(p.capabilities->ambient, 1ULL << 40);
  ASSERT_EQ(p.rlimits.size(), 1U);
  EXPECT_EQ(p.rlimits[0].type, "RLIMIT_NOFILE");
  EXPECT_EQ(p.rlimits[0].resource, int{RLIMIT_NOFILE});
  EXPECT_EQ(p.rlimits[0].soft, 1U);
  EXPECT_EQ(p.rlimits[0].hard, UINT64_MAX);
  EXPECT_TRUE(p.no_new_privileges);
  EXPECT_EQ(p.apparmor_profile, "ap");
  EXPECT_EQ(p.selinux_label, "se");
  EXPECT_EQ(p.oom_score_adj, -998);
  EXPECT_EQ(p.scheduler->policy, 1U);
  EXPECT_EQ(p.scheduler->nice, -5);
  EXPECT_EQ(p.scheduler->priority, 50);
  EXPECT_EQ(p.scheduler->flags, 3U);
  EXPECT_EQ(p.io_priority->io_class, 3U);
  EXPECT_EQ(p.io_priority->priority, 7U);
  EXPECT_EQ(p.exec_cpu_affinity->initial, "0");
  EXPECT_EQ(p.exec_cpu_affinity->final, "0-3,5");
}

TEST(ReadProcess, AnEmptyCapabilitiesObjectIsNotAnAbsentOne) {
  EXPECT_TRUE(read(R"({"args":["a"],"cwd":"/","capabilities":{}})").capabilities.has_value());
  EXPECT_FALSE(read(R"({"args":["a"],"cwd":"/","capabilities":null})").capabilities.has_value());
}

TEST(ReadProcess, UnknownCapabilitiesAreSkippedWithAWarning) {
  std::vector<oci::Note> notes;
  const auto p =
      oci::read_process(R"({"args":["a"],"cwd":"/","capabilities":{"bounding":["CAP_KILL","CAP_FUTURE"]}})", &notes);
  ASSERT_TRUE(p.has_value());
  EXPECT_EQ(p.value().capabilities->bounding, 1ULL << 5);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].pointer, "/capabilities/bounding/1");
  EXPECT_EQ(notes[0].text, "unknown capability \"CAP_FUTURE\", ignored");
  EXPECT_TRUE(notes[0].warn);
}

TEST(ReadProcess, ArgsAndEnvAndCwd) {
  EXPECT_EQ(refusal("/args", "[]"), "/args: want at least one argument, have none");
  EXPECT_EQ(refusal("/cwd", "\"\""), "/cwd: want an absolute path, have \"\"");
  EXPECT_EQ(refusal("/cwd", "\"tmp\""), "/cwd: want an absolute path, have \"tmp\"");
  EXPECT_EQ(refusal("/env", R"(["A=b","PATH"])"), "/env/1: want NAME=value, have no \"=\"");
  EXPECT_EQ(refusal("/env", R"(["=b"])"), "/env/0: want NAME=value, have no name");
  EXPECT_EQ(refusal("/env", R"([""])"), "/env/0: want NAME=value, have no \"=\"");
}

TEST(ReadProcess, Ranges) {
  EXPECT_EQ(refusal("/user/uid", "4294967295"), "/user/uid: want 0..4294967294, have 4294967295");
  EXPECT_EQ(refusal("/user/gid", "-1"), "/user/gid: want 0..4294967294, have -1");
  EXPECT_EQ(refusal("/user/umask", "512"), "/user/umask: want 0..511, have 512");
  EXPECT_EQ(refusal("/user/additionalGids", "[1,4294967295]"),
            "/user/additionalGids/1: want 0..4294967294, have 4294967295");
  EXPECT_EQ(refusal("/consoleSize/height", "4294967296"), "/consoleSize/height: want 0..4294967295, have 4294967296");
  EXPECT_EQ(refusal("/oomScoreAdj", "1001"), "/oomScoreAdj: want -1000..1000, have 1001");
  EXPECT_EQ(refusal("/oomScoreAdj", "-1001"), "/oomScoreAdj: want -1000..1000, have -1001");
  EXPECT_EQ(refusal("/ioPriority", R"({"class":"IOPRIO_CLASS_RT","priority":8})"),
            "/ioPriority/priority: want 0..7, have 8");
}

TEST(ReadProcess, Rlimits) {
  EXPECT_EQ(refusal("/rlimits/0/type", "\"RLIMIT_FOO\"").rfind("/rlimits/0/type: want one of RLIMIT_AS, ", 0), 0U);
  EXPECT_EQ(refusal("/rlimits", R"([{"type":"RLIMIT_AS","soft":1,"hard":1},{"type":"RLIMIT_AS","soft":2,"hard":2}])"),
            "/rlimits/1/type: RLIMIT_AS given twice");
  EXPECT_EQ(refusal("/rlimits", R"([{"type":"RLIMIT_AS","soft":18446744073709551615,"hard":1}])"),
            "/rlimits/0/soft: want at most the hard limit 1, have 18446744073709551615");
  EXPECT_EQ(refusal("/rlimits", "[null]"), "/rlimits/0: want an object, have null");
}

TEST(ReadProcess, SchedulerParametersBelongToTheirPolicy) {
  EXPECT_EQ(
      refusal("/scheduler", R"({"policy":"SCHED_NONE"})").rfind("/scheduler/policy: want one of SCHED_OTHER, ", 0), 0U);
  EXPECT_EQ(refusal("/scheduler", R"({"policy":"SCHED_OTHER","nice":20})"), "/scheduler/nice: want -20..19, have 20");
  EXPECT_EQ(refusal("/scheduler", R"({"policy":"SCHED_OTHER","priority":1})"),
            "/scheduler/priority: want 0 unless the policy is SCHED_FIFO or SCHED_RR, have 1");
  EXPECT_EQ(refusal("/scheduler", R"({"policy":"SCHED_RR","priority":100})"),
            "/scheduler/priority: want 0..99, have 100");
  for (const auto* name : {"runtime", "deadline", "period"})
    EXPECT_EQ(refusal("/scheduler", base::cat(R"({"policy":"SCHED_OTHER",")", name, "\":5}")),
              base::cat("/scheduler/", name, ": want 0 unless the policy is SCHED_DEADLINE, have 5"));
  EXPECT_EQ(refusal_of("/process/scheduler", R"({"policy":"SCHED_OTHER","runtime":0,"period":null})"), "");
  EXPECT_EQ(refusal("/scheduler", R"({"policy":"SCHED_OTHER","flags":["X"]})")
                .rfind("/scheduler/flags/0: want one of SCHED_FLAG_", 0),
            0U);
}

TEST(ReadProcess, OtherNames) {
  EXPECT_EQ(refusal("/ioPriority/class", "\"BE\""),
            "/ioPriority/class: want one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE, have \"BE\"");
  for (const auto* bad : {"a", "3-1", "1,", "1-", "-1", "1 ", "0x1", "8192", "0-8192", "0-18446744073709551615", "18446744073709551616", ",", "1,,2"}) {
    for (const auto* which : {"/execCPUAffinity/initial", "/execCPUAffinity/final"}) {
      EXPECT_EQ(refusal(which, base::cat('"', bad, '"')),
                base::cat(which, ": want a cpu list such as 0-3,5, with cpus below 8192, have \"", bad, "\""));
    }
  }
}

TEST(ReadProcess, CpuListsAreMasks) {
  using Mask = std::vector<std::uint32_t>;
  EXPECT_EQ(oci::cpu_mask("0"), Mask{1});
  EXPECT_EQ(oci::cpu_mask("0-3,5"), Mask{0x2f});
  EXPECT_EQ(oci::cpu_mask("33,31-32,0"), (Mask{0x80000001, 3}));
  EXPECT_EQ(oci::cpu_mask("0-8191"), Mask(256, 0xffffffff));
  EXPECT_EQ(oci::cpu_mask(""), std::nullopt);
}

}  // namespace
