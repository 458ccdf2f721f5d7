#include "tests/init/sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "tests/support/in_child.h"

namespace init {

Bench::Bench(std::string root) : root_path(std::move(root)) {
  slots_.fill(plan::image::kNoSlot);
  header_.gate_slot = plan::image::kNoSlot;
  ctx.image.header = &header_;
  ctx.image.strings = strings_.data();
  ctx.image.words = words_.data();
  ctx.image.slots = slots_.data();
  if (!root_path.empty()) ctx.root = ::open(root_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
}

std::uint32_t Bench::text(std::string_view value) {
  EXPECT_LE(strings_used_ + value.size() + 1, strings_.size());
  const std::uint32_t offset = strings_used_;
  std::memcpy(strings_.data() + offset, value.data(), value.size());
  strings_used_ += static_cast<std::uint32_t>(value.size()) + 1;
  return offset;
}

Bench::Op Bench::op(std::string_view first, std::string_view second) {
  Op op{};
  op.slot = plan::image::kNoSlot;
  op.text = text(first);
  op.text2 = text(second);
  return op;
}

int Bench::add_slot(int fd) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i] != plan::image::kNoSlot) continue;
    slots_[i] = fd;
    header_.slot_count = static_cast<std::uint32_t>(slots_.size());
    return static_cast<int>(i);
  }
  ADD_FAILURE() << "no slot left";
  return 0;
}

Bench::Op Bench::with_slot(int fd, std::string_view first, unsigned flags) {
  Op result = op(first);
  result.slot = add_slot(fd);
  result.flags = static_cast<std::uint16_t>(flags);
  return result;
}

Bench::Op Bench::with_words(const std::vector<std::uint32_t>& words) {
  Op result = op();
  result.words = words_used_;
  for (const auto word : words) words_[words_used_++] = word;
  result.count = static_cast<std::uint32_t>(words.size());
  return result;
}

Bench::Op Bench::with_texts(std::string_view first, std::initializer_list<std::string_view> texts) {
  Op result = op(first);
  result.words = words_used_;
  for (const auto value : texts) words_[words_used_++] = text(value);
  result.count = static_cast<std::uint32_t>(texts.size());
  return result;
}

int Bench::new_mount(std::string_view fs, std::initializer_list<std::string_view> options, std::uint64_t attr) {
  Op made = with_texts(fs, options);
  made.slot = add_slot(-2);
  made.a = attr;
  EXPECT_EQ(init::new_mount(ctx, made), 0) << fs;
  return ctx.fd(made.slot);
}

int Bench::connect_report() {
  int pair[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  ctx.report = pair[0];
  return pair[1];
}

void InitTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes mounts and changes identity";
  if (support::in_child([] { ASSERT_EQ(::unshare(CLONE_NEWNS), 0); }) != 0) {
    GTEST_SKIP() << "this machine gives root no mount namespace";
  }
  std::string pattern = "/tmp/bulkhead-init-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  dir_ = pattern;
}

void InitTest::TearDown() {
  if (!dir_.empty()) ::rmdir(dir_.c_str());  // empty: the tmpfs was in the child's namespace
}

int InitTest::in_sandbox(const std::function<void(Bench&)>& body) const {
  return support::in_child([&] {
    ::umask(0);  // as init does
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", dir_.c_str(), "tmpfs", 0, "mode=755"), 0);
    Bench bench(dir_);
    ASSERT_GE(bench.ctx.root, 0);
    body(bench);
  });
}

void write_file(const std::string& path, std::string_view content, unsigned mode) {
  std::ofstream(path) << content;
  EXPECT_EQ(::chmod(path.c_str(), mode), 0) << path;
}

std::string read_file(const std::string& path) {
  const std::ifstream file(path);
  if (!file) return std::string("<error> ") + std::strerror(errno);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

void make_dir_at(const std::string& path, unsigned mode) {
  EXPECT_EQ(::mkdir(path.c_str(), 0755), 0) << path;
  EXPECT_EQ(::chmod(path.c_str(), mode), 0) << path;
}

void link_at(const std::string& target, const std::string& path) {
  EXPECT_EQ(::symlink(target.c_str(), path.c_str()), 0) << path;
}

int clone_of(const std::string& path, bool recursive) {
  const int fd =
      ::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0U));
  EXPECT_GE(fd, 0) << path;
  return fd;
}

int create_error(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

std::string status_field(std::string_view name) {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(std::string(name) + ":\t")) return line.substr(name.size() + 2);
  }
  return "";
}

struct stat info_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info;
}

void say(int socket, MessageKind kind) {
  const Message message{kind, kNoOp, 0, 0};
  EXPECT_EQ(::send(socket, &message, sizeof(message), MSG_NOSIGNAL), static_cast<ssize_t>(sizeof(message)));
}

Message hear(int socket) {
  Message message{};
  EXPECT_EQ(::recv(socket, &message, sizeof(message), 0), static_cast<ssize_t>(sizeof(message)));
  return message;
}

void expect_mismatch(Bench& bench, long result) {
  EXPECT_EQ(result, -EPERM);
  EXPECT_EQ(bench.ctx.detail, kMismatch);
  bench.ctx.detail = 0;
}

}  // namespace init
