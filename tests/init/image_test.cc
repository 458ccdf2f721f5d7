// check_image: a walk of an image that it accepts cannot leave the image. Every field is damaged in turn, then bytes
// at random; what is accepted is read from end to end (which the sanitizers watch).
#include "plan/image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "plan/encode.h"

namespace plan {
namespace {

using image::Header;
using image::OpKind;

LaunchPlan sample() {
  LaunchPlan plan;
  plan.fds.resize(3);
  plan.argv = {"/bin/app", "--port", "8080"};
  plan.envp = {"PATH=/bin"};
  plan.gate = Slot{2};
  plan.seccomp.code.resize(4);
  oci::Capabilities caps;
  caps.effective = caps.permitted = 0x400;
  plan.steps.push_back({NewMount{Slot{0}, "tmpfs", {"mode=755", "size=64k"}, 2}, "/mounts/0"});
  plan.steps.push_back({Attach{Slot{0}, "/tmp", "tmpfs", false, true, false, false, 2}, "/mounts/0"});
  plan.steps.push_back({Node{"/dev/null", 020666, 1ULL << 32 | 3, 0, 0}, "runtime"});
  plan.steps.push_back({WriteFile{Slot{0}, "DB_PASSWORD", "hunter2", 0400, 1, 1}, "/process/env/0"});
  plan.steps.push_back({Mask{"/proc/kcore", Slot{1}, Slot{0}}, "/linux/maskedPaths/0"});
  plan.steps.push_back({SetRlimit{}, "/process/rlimits/0"});
  plan.steps.push_back({SetScheduler{}, "/process/scheduler"});
  plan.steps.push_back({SetCaps{caps}, "/process/capabilities"});
  plan.steps.push_back({Identity{1, 1, {2, 3}}, "/process/user"});
  plan.steps.push_back({VerifyCaps{caps}, "/process/capabilities"});
  RunHook hook;
  hook.hook.hook.args = {"hook", "a"};
  hook.hook.hook.env = {"A=b"};
  hook.program = Slot{1};
  hook.state = {"{\"pid\":", "}"};
  plan.steps.push_back({PlaceRoot{Slot{0}, Slot{1}}, "/root/path"});
  plan.steps.push_back({RuntimeHook{}, "/hooks/prestart/0"});
  plan.steps.push_back({hook, "/hooks/createContainer/0"});
  plan.steps.push_back({FindExecutable{{"/usr/bin/app", "/bin/app"}}, "/process/args/0"});
  plan.steps.push_back({Exec{}, "/process/args"});
  return plan;
}

// In a heap block of exactly its size, aligned as a mapping is.
class Image {
 public:
  explicit Image(const std::string& bytes) : words_((bytes.size() + 7) / 8), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(words_.data()));
  }
  bool check() { return image::check_image(words_.data(), size_, view_); }
  const image::View& view() const { return view_; }
  unsigned char* data() { return reinterpret_cast<unsigned char*>(words_.data()); }
  std::size_t size() const { return size_; }
  Header& header() { return *reinterpret_cast<Header*>(words_.data()); }
  image::Op& op(OpKind kind) {
    auto* ops = reinterpret_cast<image::Op*>(data() + header().ops);
    for (std::uint32_t i = 0; i < header().op_count; ++i) {
      if (ops[i].kind == kind) return ops[i];
    }
    ADD_FAILURE() << "no such op";
    return ops[0];
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_;
  image::View view_{};
};

Image make_image() {
  auto bytes = encode(sample());
  EXPECT_TRUE(bytes.has_value());
  return Image(*bytes);
}

// Everything that init reads by an offset of the image.
std::size_t walk(const image::View& view) {
  std::size_t sum = 0;
  const auto text = [&](std::uint64_t offset) { sum += std::strlen(view.strings + offset); };
  for (std::uint32_t i = 0; i < view.header->op_count; ++i) {
    const image::Op& op = view.ops[i];
    text(op.text);
    text(op.text2);
    const std::uint32_t words = std::max(op.count, image::fixed_words(op.kind));
    for (std::uint32_t j = 0; j < words; ++j) sum += view.words[op.words + j];
    if (op.kind == OpKind::kNewMount || op.kind == OpKind::kFindExecutable) {
      for (std::uint32_t j = 0; j < op.count; ++j) text(view.words[op.words + j]);
    }
    for (std::uint32_t j = 0; op.kind == OpKind::kRunHook && j < op.count; ++j) {
      if (image::is_hook_text(j)) text(view.words[op.words + j]);
    }
    if (op.kind == OpKind::kRunHook) sum += view.words[op.words + image::kHookWords + view.words[op.words + 4] - 1];
    if (op.kind == OpKind::kPlaceRoot) sum += static_cast<std::size_t>(view.slots[op.a]);
    if (op.slot >= 0 || op.kind == OpKind::kNewMount) sum += static_cast<std::size_t>(view.slots[op.slot]);
    const auto second = static_cast<std::int32_t>(op.a);
    if (op.kind == OpKind::kMask && second >= 0) sum += static_cast<std::size_t>(view.slots[second]);
  }
  for (std::uint32_t i = 0; i < view.header->argv_count; ++i) text(view.argv[i]);
  for (std::uint32_t i = 0; i < view.header->envp_count; ++i) text(view.envp[i]);
  const auto* filter = static_cast<const unsigned char*>(view.filter);
  for (std::uint32_t i = 0; i < view.header->filter_count * 8; ++i) sum += filter[i];
  return sum;
}

TEST(CheckImage, AcceptsWhatEncodeMakes) {
  Image image = make_image();
  ASSERT_TRUE(image.check());
  EXPECT_GT(walk(image.view()), 0U);
  EXPECT_STREQ(image.view().strings + image.view().argv[2], "8080");
  EXPECT_EQ(image.view().ops[0].kind, OpKind::kNewMount);
  EXPECT_EQ(image.view().slots[0], -1);
}

TEST(CheckImage, RefusesEveryTruncation) {
  const std::string whole = *encode(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Image image(whole.substr(0, size));
    EXPECT_FALSE(image.check()) << size;
    // Even if the header agrees: the last table would reach past the end.
    if (size < sizeof(Header)) continue;
    image.header().size = static_cast<std::uint32_t>(size);
    EXPECT_FALSE(image.check()) << size;
  }
}

TEST(CheckImage, RefusesASurplus) {
  Image image(*encode(sample()) + std::string(8, '\0'));
  EXPECT_FALSE(image.check());
}

TEST(CheckImage, RefusesWrongHeaderFields) {
  using Field = std::uint32_t Header::*;
  const std::pair<const char*, Field> exact[] = {
      {"magic", &Header::magic}, {"version", &Header::version}, {"size", &Header::size}};
  for (const auto& [name, field] : exact) {
    Image image = make_image();
    image.header().*field += 1;
    EXPECT_FALSE(image.check()) << name;
  }
  const std::pair<const char*, Field> offsets[] = {
      {"ops", &Header::ops},   {"words", &Header::words},   {"slots", &Header::slots},    {"argv", &Header::argv},
      {"envp", &Header::envp}, {"filter", &Header::filter}, {"strings", &Header::strings}};
  for (const auto& [name, field] : offsets) {
    Image good = make_image();
    const auto size = static_cast<std::uint32_t>(good.size());
    for (const std::uint32_t value :
         {0U, 8U, good.header().*field + 4, (size + 7) / 8 * 8, (size + 7) / 8 * 8 + 8, 0xfffffff8U}) {
      Image image = make_image();
      image.header().*field = value;
      EXPECT_FALSE(image.check()) << name << " " << value;
    }
  }
  const std::pair<const char*, Field> counts[] = {
      {"op_count", &Header::op_count},        {"word_count", &Header::word_count},
      {"slot_count", &Header::slot_count},    {"argv_count", &Header::argv_count},
      {"envp_count", &Header::envp_count},    {"filter_count", &Header::filter_count},
      {"strings_size", &Header::strings_size}};
  for (const auto& [name, field] : counts) {
    for (const std::uint32_t value : {0x10000000U, 0x7fffffffU, 0xffffffffU}) {
      Image image = make_image();
      image.header().*field = value;
      EXPECT_FALSE(image.check()) << name << " " << value;
    }
  }
}

TEST(CheckImage, RefusesTablesThatDoNotEnd) {
  Image image = make_image();
  image.header().strings_size = 0;
  EXPECT_FALSE(image.check());
  image = make_image();
  image.header().strings_size -= 1;  // no NUL at the end
  EXPECT_FALSE(image.check());
  image = make_image();
  image.data()[image.header().strings] = 'x';  // the first string is not ""
  EXPECT_FALSE(image.check());
  image = make_image();
  image.header().argv_count -= 1;  // no NULL at the end
  EXPECT_FALSE(image.check());
  image = make_image();
  image.header().envp_count -= 1;
  EXPECT_FALSE(image.check());
  image = make_image();
  image.header().gate_slot = 3;
  EXPECT_FALSE(image.check());
  image.header().gate_slot = -2;
  EXPECT_FALSE(image.check());
}

TEST(CheckImage, RefusesWrongOps) {
  const auto refused = [](OpKind kind, const char* what, auto damage) {
    Image image = make_image();
    damage(image.op(kind), image);
    EXPECT_FALSE(image.check()) << what;
  };
  using image::Op;
  refused(OpKind::kExec, "kind", [](Op& op, Image&) { op.kind = OpKind::kCount; });
  refused(OpKind::kExec, "slot", [](Op& op, Image&) { op.slot = 3; });
  refused(OpKind::kExec, "negative slot", [](Op& op, Image&) { op.slot = -2; });
  refused(OpKind::kExec, "text", [](Op& op, Image& image) { op.text = image.header().strings_size; });
  refused(OpKind::kExec, "text2", [](Op& op, Image& image) { op.text2 = image.header().strings_size; });
  refused(OpKind::kExec, "words", [](Op& op, Image& image) { op.words = image.header().word_count + 1; });
  refused(OpKind::kIdentity, "count", [](Op& op, Image& image) { op.count = image.header().word_count; });
  refused(OpKind::kIdentity, "wrapping count", [](Op& op, Image&) { op.count = 0xffffffff; });
  refused(OpKind::kMask, "second slot", [](Op& op, Image&) { op.a = 3; });
  refused(OpKind::kMask, "wide second slot", [](Op& op, Image&) { op.a = 1ULL << 63; });
  refused(OpKind::kNewMount, "no slot to fill", [](Op& op, Image&) { op.slot = -1; });
  refused(OpKind::kNewMount, "option", [](Op& op, Image& image) {
    reinterpret_cast<std::uint32_t*>(image.data() + image.header().words)[op.words + 1] = image.header().strings_size;
  });
  refused(OpKind::kFindExecutable, "candidate", [](Op& op, Image& image) {
    reinterpret_cast<std::uint32_t*>(image.data() + image.header().words)[op.words] = 0xffffffff;
  });
  refused(OpKind::kPlaceRoot, "place", [](Op& op, Image&) { op.a = 3; });
  refused(OpKind::kPlaceRoot, "wide place", [](Op& op, Image&) { op.a = 1ULL << 63; });
  refused(OpKind::kPlaceRoot, "root", [](Op& op, Image&) { op.slot = -1; });
  for (const std::uint32_t word : {0U, 1U, image::kHookWords, image::kHookWords + 2}) {
    refused(OpKind::kRunHook, "text", [word](Op& op, Image& image) {
      reinterpret_cast<std::uint32_t*>(image.data() + image.header().words)[op.words + word] = image.header().strings_size;
    });
  }
  refused(OpKind::kRunHook, "arguments", [](Op& op, Image& image) { reinterpret_cast<std::uint32_t*>(image.data() + image.header().words)[op.words + 4] = 4; });
  refused(OpKind::kRunHook, "too few words", [](Op& op, Image&) { op.count = image::kHookWords - 1; });
  for (const OpKind kind :
       {OpKind::kNode, OpKind::kRlimit, OpKind::kScheduler, OpKind::kCapabilities, OpKind::kVerifyCaps}) {
    refused(kind, "too few words", [](Op& op, Image&) { op.count -= 1; });
  }
}

TEST(CheckImage, RefusesArgumentsOutsideTheStrings) {
  Image image = make_image();
  reinterpret_cast<std::uint64_t*>(image.data() + image.header().argv)[1] = image.header().strings_size;
  EXPECT_FALSE(image.check());
  image = make_image();
  reinterpret_cast<std::uint64_t*>(image.data() + image.header().envp)[0] = 1ULL << 32;
  EXPECT_FALSE(image.check());
}

TEST(CheckImage, WhateverItAcceptsCanBeWalked) {
  std::mt19937 random(20260514);  // the same damage in every run
  const std::string whole = *encode(sample());
  std::size_t accepted = 0, refused = 0, sum = 0;
  for (int round = 0; round < 20000; ++round) {
    Image image(whole);
    for (unsigned flips = 1 + random() % 4; flips != 0; --flips) {
      image.data()[random() % image.size()] = static_cast<unsigned char>(random());
    }
    if (image.check()) {
      ++accepted;
      sum += walk(image.view());
    } else {
      ++refused;
    }
  }
  EXPECT_GT(accepted, 100U);
  EXPECT_GT(refused, 100U);
  EXPECT_GT(sum, 0U);
}

}  // namespace
}  // namespace plan
