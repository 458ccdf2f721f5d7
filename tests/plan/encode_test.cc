// The flat image: what is written is what init reads, and nothing else passes its check.

#include "plan/encode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "plan/image.h"
#include "samples.h"

namespace {

using plan::image::OpKind;

plan::LaunchPlan sample() { return samples::plan_of(samples::hardened(samples::spec("docker"), "faas")); }

struct Image {
  explicit Image(std::string text) : bytes((text.size() + 7) / 8), size(text.size()) {
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(bytes.data()));
  }
  bool check() { return plan::image::check_image(bytes.data(), size, view); }
  std::vector<std::uint64_t> bytes;  // aligned
  std::size_t size;
  plan::image::View view{};
};

TEST(Encode, KeepsEveryStepArgumentAndVariable) {
  const auto p = sample();
  Image image(plan::encode(p).value());
  ASSERT_TRUE(image.check());
  EXPECT_EQ(image.view.header->op_count, p.steps.size());
  ASSERT_EQ(image.view.header->argv_count, p.argv.size());
  ASSERT_EQ(image.view.header->envp_count, p.envp.size());
  for (std::size_t i = 0; i < p.argv.size(); ++i) EXPECT_EQ(p.argv[i], image.view.strings + image.view.argv[i]);
  for (std::size_t i = 0; i < p.envp.size(); ++i) EXPECT_EQ(p.envp[i], image.view.strings + image.view.envp[i]);
  EXPECT_EQ(image.view.header->filter_count, p.seccomp.code.size());
  EXPECT_EQ(std::memcmp(image.view.filter, p.seccomp.code.data(), p.seccomp.code.size() * 8), 0);
  EXPECT_EQ(image.view.ops[image.view.header->op_count - 1].kind, OpKind::kExec);
}

TEST(Encode, ExactStrings) {
  oci::Spec spec = samples::minimal();
  spec.process->args = {"/bin/x", std::string(70000, 'a'), "", "\xff\n\"\\"};
  Image image(plan::encode(samples::plan_of(samples::hardened(spec, "passthrough"))).value());
  ASSERT_TRUE(image.check());
  for (std::size_t i = 0; i < spec.process->args.size(); ++i) {
    EXPECT_EQ(spec.process->args[i], image.view.strings + image.view.argv[i]);
  }
}

TEST(Encode, SlotsAreEmpty) {
  Image image(plan::encode(sample()).value());
  ASSERT_TRUE(image.check());
  ASSERT_GT(image.view.header->slot_count, 0U);
  for (std::uint32_t i = 0; i < image.view.header->slot_count; ++i) EXPECT_EQ(image.view.slots[i], -1);
}

TEST(Encode, TooMuchIsAnError) {
  oci::Spec spec = samples::minimal();
  spec.process->args.push_back(std::string(17U << 20, 'x'));
  const auto encoded = plan::encode(samples::plan_of(samples::hardened(spec, "passthrough")));
  ASSERT_FALSE(encoded.has_value());
  EXPECT_EQ(encoded.error().kind(), base::Kind::kUnsupported);
}

TEST(CheckImage, RefusesEveryTruncation) {
  const std::string text = plan::encode(sample()).value();
  for (std::size_t size = 0; size < text.size(); size += size < 256 ? 1 : 97) {
    EXPECT_FALSE(Image(text.substr(0, size)).check()) << size;
  }
}

TEST(CheckImage, RefusesOffsetsThatLeaveIt) {
  const std::string text = plan::encode(sample()).value();
  // Every header field but version-independent ones, pushed out of range.
  for (std::size_t at = 0; at + 4 <= sizeof(plan::image::Header) - 4; at += 4) {
    std::string broken = text;
    const std::uint32_t huge = 0x7ffffff8;
    std::memcpy(broken.data() + at, &huge, sizeof(huge));
    EXPECT_FALSE(Image(broken).check()) << "header offset " << at;
  }
}

TEST(CheckImage, RandomDamageNeverLeadsOut) {
  const std::string text = plan::encode(sample()).value();
  std::mt19937 random(20260601);
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string broken = text;
    for (int flips = 0; flips < 4; ++flips) broken[random() % 6000 % broken.size()] = static_cast<char>(random());
    Image image(broken);
    if (!image.check()) {
      ++refused;
      continue;
    }
    // What passes may be walked: every string is inside and terminated.
    for (std::uint32_t op = 0; op < image.view.header->op_count; ++op) {
      EXPECT_LT(image.view.ops[op].text + std::strlen(image.view.strings + image.view.ops[op].text), image.view.header->strings_size);
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
