// The exit code of what answers a question, where the answer is no: an error, by which there is none, is another.
#pragma once

namespace cli {

// lint: a file that would be refused; diff --fail-on-widening: wider; test: a test that fails; render --strict: something
// cannot be expressed; probe: something differs.
inline constexpr int kExitNo = 2;

}  // namespace cli
