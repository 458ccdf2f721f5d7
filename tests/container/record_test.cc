#include "container/record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "oci/json.h"
#include "tests/container/temp_dir.h"

namespace container {
namespace {

namespace fs = std::filesystem;

Record sample() {
  Record record;
  record.id = "web1";
  record.oci_version = "1.2.1";
  record.init = {.pid = 4242, .start_time = 18446744073709551615U, .boot_id = "b00t", .pidfd_inode = 77};
  record.created = "2026-11-23T10:00:00.123456789Z";
  record.bundle = "/bundles/\"web\"\n";
  record.rootfs = "/bundles/web/rootfs";
  record.annotations = {{"io.example/key", "a=b\t\x01\xc3\xa4"}, {"empty", ""}};
  record.cgroup_paths = {{"", "/sys/fs/cgroup/unified/x"}, {"memory", "/sys/fs/cgroup/memory/x"}};
  record.cgroups_path = "/x";
  record.namespace_paths = namespace_paths_of(4242);
  record.policy = "faas";
  record.id_range = 0;
  record.wall_clock = 18446744073709551615U;
  record.log_sink = "file:/var/log/\"x\"";
  record.log_size = 65536;
  record.poststart = {{.kind = "poststart", .pointer = "/hooks/poststart/0", .hook = {.path = "/bin/\"x\"", .args = {}, .env = {}, .timeout = {}}, .digests = {}}};
  record.poststop = {{.kind = "poststop", .pointer = "/hooks/poststop/3", .hook = {.path = "/bin/y", .args = {"y", ""}, .env = {"A=\n"}, .timeout = 9}, .digests = {"sha256:1", "sha256:2"}, .program = "/bin/z"}};
  record.owner = 4294967294U;
  record.systemd_cgroup = true;
  record.own_pid_namespace = true;
  return record;
}

void expect_same(const Record& a, const Record& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.oci_version, b.oci_version);
  EXPECT_EQ(a.init.pid, b.init.pid);
  EXPECT_EQ(a.init.start_time, b.init.start_time);
  EXPECT_EQ(a.init.boot_id, b.init.boot_id);
  EXPECT_EQ(a.init.pidfd_inode, b.init.pidfd_inode);
  EXPECT_EQ(a.created, b.created);
  EXPECT_EQ(a.bundle, b.bundle);
  EXPECT_EQ(a.rootfs, b.rootfs);
  EXPECT_EQ(a.annotations, b.annotations);
  EXPECT_EQ(a.cgroup_paths, b.cgroup_paths);
  EXPECT_EQ(a.cgroups_path, b.cgroups_path);
  EXPECT_EQ(a.namespace_paths, b.namespace_paths);
  EXPECT_EQ(a.policy, b.policy);
  EXPECT_EQ(a.id_range, b.id_range);
  EXPECT_EQ(a.wall_clock, b.wall_clock);
  EXPECT_EQ(a.log_sink, b.log_sink);
  EXPECT_EQ(a.log_size, b.log_size);
  EXPECT_EQ(a.poststart, b.poststart);
  EXPECT_EQ(a.poststop, b.poststop);
  EXPECT_EQ(a.owner, b.owner);
  EXPECT_EQ(a.systemd_cgroup, b.systemd_cgroup);
  EXPECT_EQ(a.own_pid_namespace, b.own_pid_namespace);
}

TEST(Record, HooksThatAreDamagedAreNotRun) {
  for (const auto& [from, to] : {std::pair{"/hooks/poststop/3", "/hooks/other/3"}, {"\"/bin/y\"", "\"y\""}, {"\"timeout\":9", "\"timeout\":0"}, {"\"digests\":[]", "\"x\":[]"}}) {
    std::string text = encode_record(sample());
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, std::string_view(from).size(), to);
    EXPECT_FALSE(parse_record(text).has_value()) << to;
  }
}

// A runtime is replaced while containers run.
TEST(Record, OfAVersionBeforeIsRead) {
  std::string text = encode_record(sample());
  for (const std::string member : {R"("id_range":0,)", R"("log_sink":"file:/var/log/\"x\"",)", R"("log_size":65536,)", R"("wall_clock":18446744073709551615,)"}) {
    const auto at = text.find(member);
    ASSERT_NE(at, std::string::npos) << member;
    text.erase(at, member.size());
  }
  const auto hooks = text.find(R"("poststart":)"), end = text.find(R"("created":)");
  ASSERT_LT(hooks, end);
  text.erase(hooks, end - hooks);
  const auto parsed = parse_record(text);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message();
  Record older = sample();
  older.id_range.reset();
  older.wall_clock = older.log_size = 0;
  older.log_sink.clear();
  older.poststart.clear();
  older.poststop.clear();
  expect_same(*parsed, older);
}

TEST(Record, SurvivesTheWayThroughText) {
  const auto parsed = parse_record(encode_record(sample()));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message();
  expect_same(*parsed, sample());
}

TEST(Record, HasTheNamesThatThirdPartiesReadInRuncsFile) {
  const auto json = oci::parse_json(encode_record(sample()), "state.json");
  ASSERT_TRUE(json.has_value());
  const oci::Cursor top = json->root();
  EXPECT_EQ(*top.find("id")->get_string(), "web1");
  EXPECT_EQ(*top.find("init_process_pid")->get_u64(), 4242U);
  EXPECT_EQ(*top.find("init_process_start")->get_u64(), 18446744073709551615U);
  EXPECT_EQ(*top.find("created")->get_string(), "2026-11-23T10:00:00.123456789Z");
  EXPECT_EQ(*top.find("cgroup_paths")->find("")->get_string(), "/sys/fs/cgroup/unified/x");
  EXPECT_EQ(*top.find("cgroup_paths")->find("memory")->get_string(), "/sys/fs/cgroup/memory/x");
  EXPECT_EQ(*top.find("namespace_paths")->find("NEWNS")->get_string(), "/proc/4242/ns/mnt");
  const oci::Cursor config = *top.find("config");
  EXPECT_EQ(*config.find("rootfs")->get_string(), "/bundles/web/rootfs");
  EXPECT_EQ(*config.find("cgroups")->find("path")->get_string(), "/x");
  EXPECT_EQ(*config.find("labels")->get_strings(),
            (std::vector<std::string>{"empty=", "io.example/key=a=b\t\x01\xc3\xa4", "bundle=/bundles/\"web\"\n"}));
}

// A crash can leave any prefix of the file: none of them is a record, and none does harm.
TEST(Record, NoPrefixOfAFileIsARecord) {
  const std::string text = encode_record(sample());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto parsed = parse_record(text.substr(0, size));
    ASSERT_FALSE(parsed.has_value()) << size;
    EXPECT_EQ(parsed.error().kind(), base::Kind::kState);
  }
}

std::string replace(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Record, WrongTypesAndMissingMembersAreErrorsThatNameThePlace) {
  struct Case {
    const char* from;
    const char* to;
    const char* place;
  };
  const Case cases[] = {
      {R"("init_process_pid":4242)", R"("init_process_pid":"4242")", "/init_process_pid"},
      {R"("init_process_pid":4242)", R"("init_process_pid":4294967296)", "/init_process_pid"},
      {R"("init_process_pid":4242)", R"("init_process_pid":-1)", "/init_process_pid"},
      {R"("owner":4294967294)", R"("owner":4294967296)", "/owner"},
      {R"("own_pid_namespace":true)", R"("own_pid_namespace":1)", "/own_pid_namespace"},
      {R"("policy":"faas")", R"("policies":"faas")", "policy"},
      {R"("/sys/fs/cgroup/memory/x")", R"("memory/x")", "memory/x"},
      {R"("/sys/fs/cgroup/memory/x")", R"("/sys/fs/cgroup/memory/../../../home")", "not absolute"},
      {R"("/sys/fs/cgroup/memory/x")", R"("/sys/fs/cgroup/memory/..")", "not absolute"},
      {R"("annotations":{)", R"("annotations":{"x":1,)", "/annotations/x"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_record(replace(encode_record(sample()), c.from, c.to));
    ASSERT_FALSE(parsed.has_value()) << c.to;
    EXPECT_NE(parsed.error().message().find(c.place), std::string::npos) << parsed.error().message();
    EXPECT_TRUE(parsed.error().message().starts_with("state.json: ")) << parsed.error().message();
  }
}

TEST(Record, IgnoresMembersOfALaterVersion) {
  EXPECT_TRUE(parse_record(replace(encode_record(sample()), "{", R"({"later":[1],)")).has_value());
}

class RecordFileTest : public TempDir {
 protected:
  void SetUp() override {
    TempDir::SetUp();
    fd_.reset(::open(path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  int fd() const { return fd_.get(); }

 private:
  base::UniqueFd fd_;
};

TEST_F(RecordFileTest, IsPrivateAndReplacedAsAWhole) {
  EXPECT_FALSE(read_record(fd()).value().has_value());
  Record record = sample();
  ASSERT_TRUE(save_record(fd(), record).has_value());
  struct stat st {};
  ASSERT_EQ(::stat(path("state.json").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777U, 0600U);

  // A reader that opened the old file keeps the old file.
  const base::UniqueFd old(::open(path("state.json").c_str(), O_RDONLY | O_CLOEXEC));
  record.policy = "passthrough";
  write(path(".state.json.tmp"),
        "left by a writer that was killed, and longer than the new text" + std::string(5000, ' '));
  ASSERT_TRUE(save_record(fd(), record).has_value());
  struct stat old_stat {};
  ASSERT_EQ(::fstat(old.get(), &old_stat), 0);
  EXPECT_EQ(old_stat.st_nlink, 0U);
  expect_same(**read_record(fd()), record);
  EXPECT_FALSE(fs::exists(path(".state.json.tmp")));
}

TEST_F(RecordFileTest, ADamagedFileIsAnErrorNotAnAbsentOne) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("\0\0\0\0", 4), std::string("[]"), std::string("{}")}) {
    write(path("state.json"), text);
    const auto record = read_record(fd());
    ASSERT_FALSE(record.has_value()) << testing::PrintToString(text);
    EXPECT_EQ(record.error().kind(), base::Kind::kState);
  }
}

TEST_F(RecordFileTest, FollowsNoSymlink) {
  write(path("elsewhere"), encode_record(sample()));
  fs::create_symlink("elsewhere", path("state.json"));
  EXPECT_EQ(read_record(fd()).error().sys(), ELOOP);
  ASSERT_TRUE(save_record(fd(), sample()).has_value());
  EXPECT_FALSE(fs::is_symlink(path("state.json")));
  write(path("precious"), "precious");
  fs::create_symlink("precious", path(".state.json.tmp"));
  EXPECT_FALSE(save_record(fd(), sample()).has_value());
  EXPECT_EQ(read(path("precious")), "precious");
}

TEST_F(RecordFileTest, JournalGrowsAndGoes) {
  EXPECT_FALSE(read_journal(fd()).value().has_value());
  Journal journal;
  journal.cgroup_paths = sample().cgroup_paths;
  ASSERT_TRUE(save_journal(fd(), journal).has_value());
  auto read = read_journal(fd());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ((*read)->cgroup_paths, journal.cgroup_paths);
  EXPECT_FALSE((*read)->init.has_value());

  journal.init = sample().init;
  ASSERT_TRUE(save_journal(fd(), journal).has_value());
  read = read_journal(fd());
  ASSERT_TRUE((*read)->init.has_value());
  EXPECT_EQ((*read)->init->pid, 4242);
  EXPECT_EQ((*read)->init->start_time, journal.init->start_time);

  ASSERT_TRUE(remove_journal(fd()).has_value());
  EXPECT_FALSE(read_journal(fd()).value().has_value());
  EXPECT_TRUE(remove_journal(fd()).has_value());
}

TEST(Journal, NoPrefixOfAFileIsAJournal) {
  Journal journal;
  journal.cgroup_paths = sample().cgroup_paths;
  journal.init = sample().init;
  const std::string text = encode_journal(journal);
  ASSERT_TRUE(parse_journal(text).has_value());
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_journal(text.substr(0, size)).has_value()) << size;
}

}  // namespace
}  // namespace container
