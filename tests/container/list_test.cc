#include "container/list.h"

#include <cerrno>

#include "tests/container/child.h"
#include "tests/container/temp_dir.h"

namespace container {
namespace {

class ListTest : public TempDir {};

TEST_F(ListTest, AnAbsentRootIsEmptyUnlessItWasAskedFor) {
  const auto listing = list_containers(path("root"), false);
  ASSERT_TRUE(listing.has_value());
  EXPECT_TRUE(listing->containers.empty());
  const auto must = list_containers(path("root"), true);
  ASSERT_FALSE(must.has_value());
  EXPECT_EQ(must.error().sys(), ENOENT);
}

TEST_F(ListTest, SkipsWhatItCannotReadWithAWarning) {
  Child child;
  const auto root = StateRoot::open_or_make(path("root"));
  ASSERT_TRUE(save_record(root->create("good")->fd(), child.record("good")).has_value());
  ASSERT_TRUE(root->create("torn").has_value());
  ASSERT_TRUE(root->create("bad").has_value());
  write(path("root/bad/state.json"), "{");
  const auto listing = list_containers(path("root"), true);
  ASSERT_TRUE(listing.has_value());
  ASSERT_EQ(listing->containers.size(), 1U);
  EXPECT_EQ(listing->containers[0].record.id, "good");
  EXPECT_EQ(listing->containers[0].status, Status::kRunning);
  ASSERT_EQ(listing->warnings.size(), 2U);
  EXPECT_TRUE(listing->warnings[0].starts_with("container \"bad\": state.json: ")) << listing->warnings[0];
  EXPECT_EQ(listing->warnings[1], "container \"torn\": container does not exist");
}

}  // namespace
}  // namespace container
