#include "base/sha256.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string digest(std::string_view text) { return hex(sha256(text)); }

// The examples of FIPS 180-4 (csrc.nist.gov, SHA256.pdf) and the long message of FIPS 180-2, appendix B.3.
TEST(Sha256, TheStandardsExamples) {
  EXPECT_EQ(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesMakeTheSame) {
  const std::string text(300, 'x');
  for (std::size_t piece = 1; piece < 130; ++piece) {
    Sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += piece) hash.update(std::string_view(text).substr(at, piece));
    ASSERT_EQ(hex(hash.finish()), digest(text)) << piece;
  }
}

TEST(Sha256, LengthsAroundABlock) {
  // sha256sum(1) of that many "y".
  EXPECT_EQ(digest(std::string(55, 'y')), "fb66d40c3bfff05b0d5af8612d0abfbfacc6f5f26c330bc7ad634f1f44bc20ad");
  EXPECT_EQ(digest(std::string(56, 'y')), "4877e564e5e36e367c7c8d59670774becd3350610b6df4c399c9fa9b66da5813");
  EXPECT_EQ(digest(std::string(63, 'y')), "a96b8773f21910f6b1fc287629c1533b494d82301420aa3cfe7d8ebbc18ace77");
  EXPECT_EQ(digest(std::string(64, 'y')), "ffbf30ab94107b2c14d75cfb455ec94f200400ddc5ce304e0c21894090db055f");
  EXPECT_EQ(digest(std::string(65, 'y')), "c4a2649e068ab18f0b332492f541ae0bf011accef2944241c15d13be3aa3e624");
}

}  // namespace
}  // namespace base
