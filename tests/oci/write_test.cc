#include "oci/write.h"

#include <gtest/gtest.h>

#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/read.h"
#include "spec_text.h"

namespace {

oci::State sample() {
  return {.oci_version = "1.2.0",
          .id = "web1",
          .pid = 4711,
          .status = "running",
          .bundle = "/run/b",
          .rootfs = "/run/b/rootfs",
          .created = "2026-11-23T10:00:00.5Z",
          .annotations = {{"b", "2\n\"x\""}, {"a", "1"}},
          .owner = ""};
}

TEST(Write, StateIsRuncsByteForByte) {
  EXPECT_EQ(oci::write_state(sample()),
            "{\n"
            "  \"ociVersion\": \"1.2.0\",\n"
            "  \"id\": \"web1\",\n"
            "  \"pid\": 4711,\n"
            "  \"status\": \"running\",\n"
            "  \"bundle\": \"/run/b\",\n"
            "  \"rootfs\": \"/run/b/rootfs\",\n"
            "  \"created\": \"2026-11-23T10:00:00.5Z\",\n"
            "  \"annotations\": {\n"
            "    \"a\": \"1\",\n"
            "    \"b\": \"2\\u000a\\\"x\\\"\"\n"
            "  },\n"
            "  \"owner\": \"\"\n"
            "}");
}

TEST(Write, StateOfAStoppedContainerHasItsPid) {
  oci::State state = sample();
  state.pid = 0;
  state.annotations.clear();
  const std::string text = oci::write_state(state);
  EXPECT_NE(text.find("\"pid\": 0,"), std::string::npos);
  EXPECT_EQ(text.find("annotations"), std::string::npos);
}

TEST(Write, ListIsOneLine) {
  EXPECT_EQ(oci::write_state_list({}), "null\n");
  oci::State state = sample();
  state.annotations.clear();
  EXPECT_EQ(oci::write_state_list({state, state}),
            R"([{"ociVersion":"1.2.0","id":"web1","pid":4711,"status":"running","bundle":"/run/b",)"
            R"("rootfs":"/run/b/rootfs","created":"2026-11-23T10:00:00.5Z","owner":""},)"
            R"({"ociVersion":"1.2.0","id":"web1","pid":4711,"status":"running","bundle":"/run/b",)"
            R"("rootfs":"/run/b/rootfs","created":"2026-11-23T10:00:00.5Z","owner":""}])"
            "\n");
}

TEST(Write, WriterLaysOutEmptyAndNestedValues) {
  oci::JsonWriter out(" ");
  out.begin_array();
  out.begin_object();
  out.end_object();
  out.begin_array();
  out.value(1);
  out.value(true);
  out.null();
  out.end_array();
  out.value("x");
  out.end_array();
  EXPECT_EQ(out.take(), "[\n {},\n [\n  1,\n  true,\n  null\n ],\n \"x\"\n]");
}

// What differs from `runc spec` on purpose: the version, the host name and a cgroup namespace.
TEST(Write, DefaultSpecIsRuncsWithThreeChanges) {
  std::string want = oci_test::read_file(std::string(BUNDLES) + "/runc-spec.json");
  ASSERT_FALSE(want.empty());
  const auto replace = [&](std::string_view from, std::string_view to) {
    const std::size_t at = want.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    want.replace(at, from.size(), to);
  };
  replace("\"1.0.2-dev\"", "\"1.2.1\"");
  replace("\"hostname\": \"runc\"", "\"hostname\": \"bulkhead\"");
  replace("\"type\": \"mount\"\n\t\t\t}",
          "\"type\": \"mount\"\n\t\t\t},\n\t\t\t{\n\t\t\t\t\"type\": \"cgroup\"\n\t\t\t}");
  while (want.ends_with('\n')) want.pop_back();
  EXPECT_EQ(oci::default_spec(false), want);
}

TEST(Write, DefaultSpecsAreValidAndNoteFree) {
  for (const bool rootless : {false, true}) {
    const auto spec = oci::read_spec(oci::default_spec(rootless, 1000, 1001));
    ASSERT_TRUE(spec.has_value()) << spec.error().message();
    EXPECT_TRUE(spec.value().notes.empty());
    EXPECT_EQ(spec.value().linux.uid_mappings.size(), rootless ? 1U : 0U);
  }
  const auto spec = oci::read_spec(oci::default_spec(true, 1000, 1001));
  EXPECT_EQ(spec.value().linux.uid_mappings.at(0).host_id, 1000U);
  EXPECT_EQ(spec.value().linux.gid_mappings.at(0).host_id, 1001U);
  EXPECT_EQ(spec.value().mounts.at(2).options.back(), "mode=0620");
  EXPECT_EQ(spec.value().mounts.at(5).source, "/sys");
  EXPECT_FALSE(spec.value().linux.resources.has_value());
}

TEST(Write, HooksAreToldTheState) {
  oci::State state;
  state.oci_version = "1.2.0";
  state.id = "x";
  state.status = "creating";
  state.bundle = "/b";
  EXPECT_EQ(oci::write_hook_state(state), R"({"ociVersion":"1.2.0","id":"x","status":"creating","bundle":"/b"})");
  state.pid = 42;
  state.rootfs = "/r";
  state.annotations = {{"\"pid\":1,", "\"pid\":1,"}};
  const std::string text = oci::write_hook_state(state);
  EXPECT_EQ(text, R"({"ociVersion":"1.2.0","id":"x","status":"creating","pid":42,"bundle":"/b","annotations":{"\"pid\":1,":"\"pid\":1,"}})");
  state.id = "\"pid\":1,";
  const auto parts = oci::write_hook_state_around_pid(state);
  EXPECT_EQ(parts.before + "42" + parts.after, oci::write_hook_state(state));
}

std::string features_text() {
  oci::Features features;
  features.hooks = {"prestart"};
  features.seccomp_archs = {"SCMP_ARCH_X86_64"};
  features.seccomp_supported_flags = {"SECCOMP_FILTER_FLAG_LOG"};
  features.annotations = oci::feature_annotations("0.1.0", "2.5.4");
  return oci::write_features(features);
}

TEST(Write, FeaturesHaveWhatCallersRead) {
  const std::string text = features_text();
  EXPECT_EQ(text.rfind("{\n    \"ociVersionMin\": \"1.0.0\",\n    \"ociVersionMax\": \"1.2.1\",\n", 0), 0U);
  EXPECT_TRUE(text.ends_with("}\n"));
  const auto json = oci::parse_json(text, "features");
  ASSERT_TRUE(json.has_value()) << json.error().message();
  const auto root = json.value().root();
  const auto section = root.find("linux").value();
  const auto strings = [](const oci::Cursor& object, std::string_view name) {
    return object.find(name)->get_strings().value();
  };
  EXPECT_EQ(strings(root, "hooks"), std::vector<std::string>{"prestart"});
  const auto options = strings(root, "mountOptions");
  EXPECT_NE(std::find(options.begin(), options.end(), "rro"), options.end());
  EXPECT_TRUE(std::is_sorted(options.begin(), options.end()));
  EXPECT_EQ(strings(section, "namespaces"),
            (std::vector<std::string>{"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"}));
  EXPECT_EQ(strings(section, "capabilities").size(), 41U);
  EXPECT_FALSE(section.find("cgroup")->find("systemd")->get_bool().value());
  EXPECT_TRUE(section.find("cgroup")->find("v2")->get_bool().value());
  const auto seccomp = section.find("seccomp").value();
  EXPECT_EQ(strings(seccomp, "actions").size(), 9U);
  EXPECT_EQ(strings(seccomp, "archs"), std::vector<std::string>{"SCMP_ARCH_X86_64"});
  EXPECT_EQ(strings(seccomp, "knownFlags").size(), 4U);
  EXPECT_EQ(strings(seccomp, "supportedFlags").size(), 1U);
  EXPECT_FALSE(section.find("apparmor")->find("enabled")->get_bool().value());
  EXPECT_FALSE(section.find("intelRdt")->find("enabled")->get_bool().value());
  EXPECT_TRUE(section.find("mountExtensions")->find("idmap")->find("enabled")->get_bool().value());
  const auto annotations = root.find("annotations").value();
  EXPECT_EQ(annotations.find("io.github.seccomp.libseccomp.version")->get_string().value(), "2.5.4");
  EXPECT_EQ(annotations.find("org.opencontainers.bulkhead.version")->get_string().value(), "0.1.0");
}

TEST(Write, FeaturesWithoutHooksAreAnEmptyList) {
  EXPECT_NE(oci::write_features({}).find("\"hooks\": [],\n"), std::string::npos);
}

}  // namespace
