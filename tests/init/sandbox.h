// The ops of init, called one by one: an image in memory, and a child with a mount namespace of its own in which the
// container's root is an empty tmpfs. Everything ends with the child.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "init/context.h"

namespace init {

class Bench {
 public:
  explicit Bench(std::string root_path = "");

  Context ctx;
  std::string root_path;  // how this process sees the container's root

  using Op = plan::image::Op;
  Op op(std::string_view text = "", std::string_view text2 = "");
  Op with_slot(int fd, std::string_view text = "", unsigned flags = 0);
  Op with_words(const std::vector<std::uint32_t>& words);
  Op with_texts(std::string_view text, std::initializer_list<std::string_view> texts);
  std::uint32_t text(std::string_view value);
  int add_slot(int fd);

  // What new_mount makes, as a descriptor.
  int new_mount(std::string_view fs, std::initializer_list<std::string_view> options = {}, std::uint64_t attr = 0);
  // A path below the root, as this process sees it.
  std::string at(std::string_view path) const { return root_path + "/" + std::string(path); }
  // A socket pair: ctx.report is one end, the other one is returned.
  int connect_report();

 private:
  std::array<char, 1 << 17> strings_{};
  std::array<std::uint32_t, 256> words_{};
  std::array<std::int32_t, 64> slots_{};
  plan::image::Header header_{};
  std::uint32_t strings_used_ = 1;
  std::uint32_t words_used_ = 0;
};

// As root; skips with a reason where a mount namespace cannot be had.
class InitTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // 0: all checks of `body` held.
  [[nodiscard]] int in_sandbox(const std::function<void(Bench&)>& body) const;
  void check_in_sandbox(const std::function<void(Bench&)>& body) const {
    EXPECT_EQ(in_sandbox(body), 0) << "in the child: see above";
  }

  std::string dir_;
};

void write_file(const std::string& path, std::string_view content, unsigned mode = 0644);
std::string read_file(const std::string& path);  // "<error>" with the errno's text if it cannot be read
bool exists(const std::string& path);            // a dangling link exists
void make_dir_at(const std::string& path, unsigned mode = 0755);
void link_at(const std::string& target, const std::string& path);
// A detached copy of the mount at `path`.
int clone_of(const std::string& path, bool recursive = false);
// errno of creating a file there, 0 if it can be.
int create_error(const std::string& path);
struct stat info_of(const std::string& path);  // of a link itself
// The value of a "Name:" line in /proc/self/status.
std::string status_field(std::string_view name);

// One message of the protocol over the report socket.
void say(int socket, MessageKind kind);
Message hear(int socket);
// `result` is what a verification returns for a difference; forgets it.
void expect_mismatch(Bench& bench, long result);

}  // namespace init
