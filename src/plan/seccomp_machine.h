// The machine that a filter runs on: the classic BPF that seccomp(2) takes, as far as bulkhead uses it. What it
// accepts, the kernel accepts; what it answers, the kernel answers. Pure.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

#include "base/result.h"

namespace plan {

// seccomp_data in the unit that a filter loads it in: words of 32 bits, of each argument the low one first.
inline constexpr std::uint32_t kWords = sizeof(seccomp_data) / 4;
inline constexpr std::uint32_t kNumberWord = 0;
inline constexpr std::uint32_t kArchWord = 1;
inline constexpr std::uint32_t kPointerWord = 2;  // the low one
constexpr std::uint32_t low_word(std::uint32_t argument) { return 4 + 2 * argument; }
constexpr std::uint32_t high_word(std::uint32_t argument) { return 5 + 2 * argument; }

// What the accumulator may hold, as there is nothing else to compute with: a word of seccomp_data under a mask.
// With mask 0 that is the 0 that it holds at the start.
struct Operand {
  std::uint32_t word = 0;
  std::uint32_t mask = 0;
  auto operator<=>(const Operand&) const = default;
};

// Every jump of a filter, as one interval: it is taken when `of` is in [from, below).
struct Comparison {
  Operand of;
  std::uint64_t from = 0;
  std::uint64_t below = 0;
};
Comparison comparison_of(const sock_filter& at, const Operand& accumulator);

// Why the kernel would not take the program (bpf_check_classic() and seccomp_check_filter()), or takes it to
// mean something else: an action that it does not know kills, an errno above 4095 becomes 4095.
base::Result<void> check_code(std::span<const sock_filter> code);

// What it answers to one call. Only for a program that check_code() let pass.
std::uint32_t run_code(std::span<const sock_filter> code, const std::uint32_t (&words)[kWords]);

}  // namespace plan
