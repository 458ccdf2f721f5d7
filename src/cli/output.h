// Answers to stdout: the whole text, or an error (a full disk must not look like success).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "plan/print.h"

namespace cli {

base::Result<void> print(std::string_view text);
// Colours and columns for a terminal; for a pipe, neither.
plan::PrintStyle print_style();

// What a line of an answer is. Plain on a pipe.
enum class Tone { kPlain, kHead, kGood, kRemark, kBad };
std::string paint(Tone tone, std::string_view text, const plan::PrintStyle& style);

}  // namespace cli
