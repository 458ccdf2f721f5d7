// What a node's policies make of one container: floors, deny files, bindings, exceptions, modes and annotations.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/chain.h"
#include "policy/combine.h"
#include "policy/find.h"
#include "policy/pack.h"
#include "policy/rules.h"

namespace {

using policy::Chain;
using policy::Effective;
using policy::Subject;

constexpr std::int64_t kDay = 24 * 60 * 60;
const policy::Circumstances kNow{.now = 20'000 * kDay, .built = 19'000 * kDay, .kernel_release = "6.18.44-fc-v657"};

std::string file(const std::string& kind, const std::string& name, const std::string& rest) {
  return base::cat(R"({"bulkhead": "policy/v1", "kind": ")", kind, R"(", "name": ")", name, R"(", "version": "1", )", rest, "}");
}

policy::Document document(const std::string& text) {
  auto read = policy::read_document(text, "x.json", policy::builtin_group, policy::builtin_base);
  EXPECT_TRUE(read) << read.error().message() << "\n" << text;
  return read ? *std::move(read) : policy::Document{};
}

Chain chain(const std::vector<std::string>& texts) {
  std::vector<policy::Document> documents;
  for (const auto& text : texts) documents.push_back(document(text));
  auto made = policy::make_chain(std::move(documents));
  EXPECT_TRUE(made) << made.error().message();
  return *std::move(made);
}

Effective resolved(const Chain& chain, const Subject& subject = {}, std::string_view asked = "", const policy::Circumstances& when = kNow) {
  auto out = policy::resolve(chain, asked, "faas", subject, when);
  EXPECT_TRUE(out) << out.error().message();
  return out ? *std::move(out) : Effective{};
}

std::string refusal(const Chain& chain, const Subject& subject, std::string_view asked = "") {
  const auto out = policy::resolve(chain, asked, "faas", subject, kNow);
  return out ? "none" : out.error().message();
}

std::string error(const std::string& text) {
  const auto read = policy::read_document(text, "x.json", policy::builtin_group, policy::builtin_base);
  return read ? "none" : read.error().message();
}

const std::string kFloor = file("floor", "node", R"("process": {"capabilities": ["CHOWN"], "noNewPrivileges": true},
  "resources": {"pids": {"max": 64}}, "filesystem": {"maskedPaths": ["/proc/floor"]}, "maxExceptionDays": 30)");
const std::string kVaccine = file("deny", "CVE-2026-31431", R"("until": {"kernel": "6.18.60"},
  "seccomp": {"args": {"socket": "a0 != AF_ALG"}, "onDeny": {"socket": "EAFNOSUPPORT"}})");

TEST(Chain, WithoutFilesTheStandardHolds) {
  const auto out = resolved({});
  EXPECT_EQ(out.profile, "faas@1");
  EXPECT_EQ(out.selected_by, "default");
  EXPECT_TRUE(out.layers.empty() && out.audited.empty() && out.exceptions.empty());
  EXPECT_EQ(policy::pack(out.policy), policy::pack(*policy::load_policy("faas")));
}

TEST(Chain, AFloorIsMetWithEveryProfile) {
  const auto out = resolved(chain({kFloor}), {}, "passthrough");
  EXPECT_EQ(out.profile, "passthrough@1");
  EXPECT_EQ(out.layers, std::vector<std::string>{"node@1"});
  ASSERT_TRUE(out.policy.process.capabilities.has_value());
  EXPECT_EQ(out.policy.process.capabilities->value, oci::CapSet{1});  // CAP_CHOWN
  EXPECT_EQ(out.policy.resources.pids->value.max, 64U);
  const auto faas = resolved(chain({kFloor}));
  EXPECT_EQ(faas.policy.process.capabilities->value, oci::CapSet{0});
  EXPECT_EQ(faas.policy.process.capabilities->origin.text(), "faas.json:/process/capabilities") << "faas is stricter";
  EXPECT_EQ(faas.policy.resources.pids->value.max, 64U);
  EXPECT_EQ(faas.policy.resources.pids->value.standard, 64U);
  EXPECT_EQ(faas.policy.resources.pids->origin.text(), "x.json:/resources/pids") << "the floor is stricter";
  const auto& masked = faas.policy.filesystem.masked_paths;
  EXPECT_EQ(masked->origin.text(), "faas.json:/filesystem/maskedPaths and x.json:/filesystem/maskedPaths");
  EXPECT_EQ(std::count(masked->value.begin(), masked->value.end(), "/proc/floor"), 1);
  EXPECT_EQ(std::count(masked->value.begin(), masked->value.end(), "/proc/kcore"), 1);
}

TEST(Chain, AFloorSaysWhatIsNoSecretWhereItSaysWhatBecomesOfThem) {
  const auto floor = file("floor", "s", R"("environment": {"secrets": "refuse", "keep": ["PORT", "TOKEN_URL"]})");
  const auto alone = resolved(chain({floor}), {}, "passthrough");
  ASSERT_TRUE(alone.policy.environment.keep.has_value());
  EXPECT_EQ(alone.policy.environment.keep->value, (std::vector<std::string>{"PORT", "TOKEN_URL"}));
  const auto own = file("profile", "p", R"("environment": {"secrets": "redirect", "keep": ["PORT", "DB_PASSWORD"]})");
  EXPECT_EQ(resolved(chain({floor, own}), {}, "p").policy.environment.keep->value, std::vector<std::string>{"PORT"});
}

TEST(Chain, WhatOneLayerRequiresIsRequired) {
  const auto all = chain({file("profile", "p", R"("extends": "builtin:faas@1", "modes": {
      "environment.secrets": {"required": true, "mode": "audit"}, "process.rootUser": {"required": false}})"),
                          file("floor", "f", R"("modes": {"process.rootUser": {"required": true}})"),
                          file("deny", "d", R"("mode": "audit", "modes": {"filesystem.nodev": {"required": true}})")});
  const auto out = resolved(all, {}, "p");
  ASSERT_EQ(out.policy.required.size(), 1U);
  ASSERT_NE(policy::requirement_of(out.policy, "process.rootUser"), nullptr);
  EXPECT_EQ(policy::requirement_of(out.policy, "process.rootUser")->origin.text(), "x.json:/modes/process.rootUser/required");
  ASSERT_EQ(out.audited.size(), 1U);
  EXPECT_NE(policy::requirement_of(out.audited[0], "environment.secrets"), nullptr);
  EXPECT_NE(policy::requirement_of(out.audited[0], "filesystem.nodev"), nullptr);
  EXPECT_TRUE(resolved(chain({}), {}, "faas").policy.required.empty());

  const auto strict = document(file("profile", "p", R"("modes": {"process.rootUser": {"required": true}})")).policy;
  const auto lax = document(file("profile", "p", R"("description": "lax")")).policy;
  const auto wider = policy::differences(strict, lax), tighter = policy::differences(lax, strict);
  ASSERT_EQ(wider.size(), 1U);
  EXPECT_EQ(wider[0].control, "required:process.rootUser");
  EXPECT_TRUE(wider[0].wider);
  ASSERT_EQ(tighter.size(), 1U);
  EXPECT_FALSE(tighter[0].wider);
}

TEST(Chain, AVaccineShutsOneHole) {
  const auto out = resolved(chain({kVaccine}), {}, "passthrough");
  ASSERT_EQ(out.policy.seccomp_limits.size(), 1U);
  const auto& filter = out.policy.seccomp_limits.front().value;
  EXPECT_TRUE(filter.others_allowed);
  ASSERT_EQ(filter.conditional.size(), 1U);
  EXPECT_EQ(filter.conditional.front().errno_otherwise, 97U);
  EXPECT_FALSE(filter.conditional.front().any_of.front().front().equals);
  auto fixed = kNow;
  for (const auto* release : {"6.18.60", "6.18.61-x", "6.19.0", "7.0"}) {
    fixed.kernel_release = release;
    EXPECT_TRUE(resolved(chain({kVaccine}), {}, "passthrough", fixed).layers.empty()) << release;
  }
  fixed.kernel_release = "6.9.99";
  EXPECT_EQ(resolved(chain({kVaccine}), {}, "passthrough", fixed).layers.size(), 1U);
}

TEST(Chain, BindingsSelectByWhatTheNodeKnows) {
  const auto all = chain({file("profile", "py", R"("extends": "builtin:faas@1")"),
                          file("bindings", "b", R"("select": [
    {"when": {"namespace": "openfaas-fn", "entrypoint": ["python*", "go"]}, "profile": "py@1"},
    {"when": {"image": "docker.io/tool/*"}, "profile": "builtin:passthrough@1", "mode": "audit"},
    {"when": {"id": "gone"}, "profile": "nowhere"}])")});
  Subject subject;
  subject.namespace_ = "openfaas-fn";
  subject.entrypoint = "python";
  const auto out = resolved(all, subject);
  EXPECT_EQ(out.profile, "py@1");
  EXPECT_EQ(out.selected_by, "x.json:/select/0");
  subject.entrypoint = "node";
  EXPECT_EQ(resolved(all, subject).selected_by, "default");
  subject.image = "docker.io/tool/x";
  EXPECT_EQ(resolved(all, subject).profile, "passthrough@1");
  EXPECT_EQ(resolved(all, subject, "faas").selected_by, "--policy");
  subject = {};
  subject.id = "gone";
  EXPECT_NE(refusal(all, subject).find("x.json:/select/2"), std::string::npos) << "no fallback to another profile";
  EXPECT_TRUE(all.looks_at_entrypoint());
  EXPECT_FALSE(chain({kFloor}).looks_at_entrypoint());
}

std::string exception(const std::string& expires, const std::string& allow = R"({"process": {"capabilities": ["CHOWN", "NET_RAW"]}})") {
  return file("exceptions", "e", base::cat(R"("exceptions": [{"id": "EX-1", "when": {"image": "legacy:*"}, "allow": )", allow,
                                           R"(, "reason": "r", "owner": "o", "expires": ")", expires, R"("}])"));
}

TEST(Chain, AnExceptionWidensTheProfileAndNotTheFloor) {
  Subject legacy;
  legacy.image = "legacy:1";
  const auto only = chain({exception("2024-10-31")});  // day 20 027
  const auto out = resolved(only, legacy);
  EXPECT_EQ(out.policy.process.capabilities->value, oci::CapSet{1} | oci::CapSet{1} << 13);
  ASSERT_EQ(out.exceptions.size(), 1U);
  EXPECT_EQ(out.exceptions.front().id, "EX-1");
  EXPECT_NE(out.policy.process.capabilities->why.find("exception EX-1: r"), std::string::npos);
  EXPECT_EQ(resolved(only).policy.process.capabilities->value, oci::CapSet{0}) << "another image";
  EXPECT_EQ(resolved(chain({kFloor, exception("2024-10-31")}), legacy).policy.process.capabilities->value, oci::CapSet{1});
}

TEST(Chain, AnExceptionRunsOut) {
  Subject legacy;
  legacy.image = "legacy:1";
  const auto without = policy::pack(resolved({}, legacy).policy);
  auto when = kNow;
  const auto only = chain({exception("2024-10-04")});  // day 20 000
  EXPECT_EQ(resolved(only, legacy).exceptions.size(), 1U) << "its last day";
  when.now += kDay - 1;
  EXPECT_EQ(resolved(only, legacy, "", when).exceptions.size(), 1U);
  when.now += 1;
  const auto after = resolved(only, legacy, "", when);
  EXPECT_EQ(policy::pack(after.policy), without);
  ASSERT_EQ(after.notes.size(), 1U);
  EXPECT_EQ(after.notes.front(), "exception \"EX-1\" does not hold: it ran out on 2024-10-04");
  when.now = kNow.built - 1;  // a clock that was put back does not bring it to life
  EXPECT_EQ(policy::pack(resolved(only, legacy, "", when).policy), without);
  EXPECT_EQ(resolved(chain({kFloor, exception("2024-12-31")}), legacy).exceptions.size(), 0U) << "longer than the floor lets";
}

TEST(Chain, AnExceptionEndsOnADayThatThereIs) {
  const auto read = [](const std::string& day) {
    return policy::read_document(exception(day), "e.json", policy::builtin_group, policy::builtin_base).has_value();
  };
  for (const auto* day : {"2024-02-29", "2027-12-31", "1970-01-01"}) EXPECT_TRUE(read(day)) << day;
  for (const auto* day : {"2027-02-29", "2027-04-31", "2027-13-01", "2027-00-10", "2027-01-00", "1969-12-31", "2027-1-001", "2027-257-1",
                          "27-01-0001", "2027-01-1x", "2027/01/01", "2027-01-01 ", ""}) {
    EXPECT_FALSE(read(day)) << day;
  }
}

TEST(Chain, ModesAreOfControlsAndLayers) {
  const auto all = chain({file("profile", "p", R"("extends": "builtin:faas@1", "modes": {
      "filesystem.readonlyRoot": "audit", "process.rlimits": {"mode": "off", "reason": "no"}})"),
                          file("deny", "d", R"("mode": "audit", "process": {"realtime": false}, "devices": {"allow": []})")});
  const auto out = resolved(all, {}, "p");
  EXPECT_FALSE(out.policy.filesystem.readonly_root || out.policy.process.rlimits);
  ASSERT_EQ(out.audited.size(), 1U);
  EXPECT_TRUE(out.audited.front().filesystem.readonly_root.has_value());
  EXPECT_FALSE(out.audited.front().process.rlimits.has_value());
  EXPECT_EQ(out.policy.devices.allow->value.size(), policy::load_policy("faas")->devices.allow->value.size());
  EXPECT_TRUE(out.audited.front().devices.allow->value.empty());
  EXPECT_TRUE(resolved(chain({kFloor})).audited.empty());
}

TEST(Chain, AnAnnotationOnlyNarrows) {
  const auto all = chain({file("profile", "tight", R"("extends": "builtin:faas@1", "selectable": true, "resources": {"pids": {"default": 16, "max": 32}})"),
                          file("profile", "wide", R"("extends": "builtin:faas@1", "selectable": true, "process": {"capabilities": ["SYS_ADMIN"]})"),
                          file("profile", "closed", R"("extends": "builtin:faas@1")")});
  Subject subject;
  subject.asked = "tight@1";
  const auto out = resolved(all, subject);
  EXPECT_EQ(out.profile, "tight@1");
  EXPECT_EQ(out.selected_by, "annotation io.bulkhead/profile");
  subject.asked = "wide";
  EXPECT_NE(refusal(all, subject).find("is wider than \"faas@1\": process.capabilities: CAP_SYS_ADMIN, not none"), std::string::npos)
      << refusal(all, subject);
  subject.asked = "closed";
  EXPECT_NE(refusal(all, subject).find("is not one to be picked"), std::string::npos);
  subject.asked = "builtin:passthrough@1";
  EXPECT_NE(refusal(all, subject), "none");
  subject.asked = "nonesuch";
  EXPECT_NE(refusal(all, subject).find("does not exist"), std::string::npos);
  subject.asked = "faas@1";
  EXPECT_EQ(resolved(all, subject).selected_by, "default") << "what it gets anyway";
}

TEST(Chain, FilesOfOneNameAreNotChosenFrom) {
  EXPECT_FALSE(policy::make_chain({document(kFloor), document(kFloor)}));
}

TEST(Document, WhatIsWrong) {
  EXPECT_EQ(error(file("floor", "f", R"("filesystem": {"tmpfs": []})")),
            "x.json:1:97: /filesystem/tmpfs: only a profile can have it, and this is a floor");
  EXPECT_NE(error(file("deny", "f", R"("seccomp": {"allow": ["read"]})")).find("a deny file says what is denied"), std::string::npos);
  EXPECT_NE(error(file("deny", "f", R"("until": {"kernel": "6"})")).find("want a version of Linux"), std::string::npos);
  EXPECT_NE(error(file("deny", "f", R"("select": [])")).find("select"), std::string::npos);
  EXPECT_NE(error(file("profile", "p", R"("modes": {"seccomp": "off"})")).find("\"off\" needs a reason"), std::string::npos);
  EXPECT_NE(error(file("profile", "p", R"("modes": {"seccom": "audit"})")).find("did you mean \"seccomp\"?"), std::string::npos);
  EXPECT_NE(error(file("profile", "p", R"("modes": {"seccomp": {"mode": "off", "reason": "r", "required": true}})")).find("cannot both be"), std::string::npos);
  EXPECT_NE(error(file("profile", "p", R"("modes": {"seccomp": {"reason": "r"}})")).find("/modes/seccomp: \"mode\" is missing"), std::string::npos);
  EXPECT_NE(error(file("profile", "p", R"("mode": "off")")).find("cannot be off"), std::string::npos);
  EXPECT_NE(error(file("bindings", "b", R"("select": [{"when": {"labels": "x"}, "profile": "p"}])")).find("labels"), std::string::npos);
  for (const auto* day : {"2026-02-30", "2026-13-01", "soon", "26-01-01", "2026-1-1"}) {
    EXPECT_NE(error(exception(day)).find("want a day"), std::string::npos) << day;
  }
  EXPECT_EQ(error(exception("2028-02-29")), "none");
  EXPECT_NE(error(exception("2027-01-01", "{}")).find("the rules to widen"), std::string::npos);
}

TEST(Document, WhereTheDecisionLogGoes) {
  const auto log = [](const std::string& members) { return file("floor", "f", R"("decisionLog": {)" + members + "}"); };
  const auto plain = *document(log(R"("sink": "file:/var/log/bulkhead")")).log;
  EXPECT_EQ(plain.sink, "file:/var/log/bulkhead");
  EXPECT_EQ(plain.max_size, 10U << 20);
  EXPECT_EQ(plain.per_minute, 0U);
  EXPECT_FALSE(plain.required);
  const auto limited = *document(log(R"("sink": "journald", "maxSize": "64K", "perMinute": 600)")).log;
  EXPECT_EQ(limited.max_size, 65536U);
  EXPECT_EQ(limited.per_minute, 600U);
  EXPECT_NE(error(log(R"("maxSize": "1M")")).find("\"sink\" is missing"), std::string::npos);
  EXPECT_NE(error(log(R"("sink": "file:log")")).find("an absolute path"), std::string::npos);
  EXPECT_NE(error(log(R"("sink": "syslog", "maxSize": "63K")")).find("64K or more"), std::string::npos);
  EXPECT_NE(error(log(R"("sink": "syslog", "perMinute": 0)")).find("/perMinute: want 1..1000000"), std::string::npos);
  EXPECT_NE(error(log(R"("sink": "none", "required": true)")).find("nothing could start"), std::string::npos);
  EXPECT_NE(error(log(R"("sink": "syslog", "required": true, "perMinute": 9)")).find("the next container could not start"), std::string::npos);
}

// Each filter says whether it lets 32-bit programs in; a deny-list that says nothing leaves that to the others.
TEST(Chain, ThirtyTwoBitProgramsNeedEveryFilter) {
  const auto kWide = file("profile", "p", R"("extends": "builtin:faas@1", "seccomp": {"compat32": true})");
  const auto all_let_in = [&](const std::string& limit) {
    const auto out = resolved(chain({kWide, limit}), {}, "p").policy;
    bool all = out.seccomp->value.compat32;
    for (const auto& filter : out.seccomp_limits) all = all && filter.value.compat32;
    return all;
  };
  EXPECT_FALSE(policy::load_policy("faas")->seccomp->value.compat32);
  EXPECT_TRUE(all_let_in(kVaccine));
  EXPECT_TRUE(all_let_in(file("floor", "f", R"("seccomp": {"allow": ["@faas@1"], "compat32": true})")));
  EXPECT_FALSE(all_let_in(file("floor", "f", R"("seccomp": {"allow": ["@faas@1"]})")));
  EXPECT_FALSE(all_let_in(file("floor", "f", R"("seccomp": {"deny": ["ptrace"], "compat32": false})")));
  EXPECT_FALSE(all_let_in(file("deny", "d", R"("seccomp": {"compat32": false})")));
  EXPECT_NE(error(file("profile", "p", R"("seccomp": {"allow": [], "compat32": 1})")).find("/seccomp/compat32: want true or false"), std::string::npos);
}

TEST(Chain, AnExceptionLets32BitProgramsIn) {
  Subject legacy;
  legacy.image = "legacy:1";
  const auto let_in = [&](const std::string& limit) {
    const auto given = exception("2024-10-31", R"({"seccomp": {"allow": [], "compat32": true}})");
    const auto out = resolved(chain({given, limit}), legacy, "faas").policy;
    bool all = out.seccomp->value.compat32;
    for (const auto& filter : out.seccomp_limits) all = all && filter.value.compat32;
    return all;
  };
  EXPECT_TRUE(let_in(kVaccine));
  EXPECT_FALSE(let_in(file("deny", "d", R"("seccomp": {"compat32": false})")));
}

TEST(Difference, SaysWhatIsWider) {
  const auto faas = *policy::load_policy("faas"), pass = *policy::load_policy("passthrough");
  EXPECT_TRUE(policy::differences(faas, faas).empty());
  for (const auto& d : policy::differences(pass, faas)) EXPECT_FALSE(d.wider) << d.control;
  std::size_t wider = 0;
  for (const auto& d : policy::differences(faas, pass)) wider += d.wider ? 1 : 0;
  EXPECT_GT(wider, 15U);
  const auto more = document(file("profile", "p", R"("extends": "builtin:faas@1", "seccomp": {"allow": ["mount"], "deny": ["read"]})")).policy;
  const auto found = policy::differences(faas, more);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].control, "seccomp:mount");
  EXPECT_TRUE(found[0].wider);
  EXPECT_EQ(found[1].control, "seccomp:read");
  EXPECT_FALSE(found[1].wider);
  EXPECT_EQ(found[1].before, "allowed");

  const auto compat32 = document(file("profile", "p", R"("extends": "builtin:faas@1", "seccomp": {"compat32": true})")).policy;
  const auto wide = policy::differences(faas, compat32), narrow = policy::differences(compat32, faas);
  ASSERT_EQ(wide.size(), 1U);
  EXPECT_EQ(wide[0].control + " " + wide[0].before + " " + wide[0].after, "seccomp.compat32 false true");
  EXPECT_TRUE(wide[0].wider);
  ASSERT_EQ(narrow.size(), 1U);
  EXPECT_FALSE(narrow[0].wider);
}

}  // namespace
