// Random policies, profiles and arguments for the seccomp tests, and what each must answer, worked out
// from the input itself and not from a table made of it.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "oci/spec.h"
#include "plan/seccomp_table.h"
#include "policy/seccomp_policy.h"

namespace samples {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t end) { return engine_() % end; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::uint64_t bits() { return engine_(); }
  template <typename T>
  const T& any(const std::vector<T>& of) {
    return of[below(of.size())];
  }

 private:
  std::mt19937_64 engine_;
};

// Names that both supported machines have, or only one, or only i386.
const std::vector<std::string>& names();

enum class Constants { kSmall, kAny };  // below 2^32, or both

policy::SeccompPolicy random_policy(Dice& dice);
oci::Seccomp random_profile(Dice& dice, Constants constants);

// For each argument values near the constants that it is compared with, their halves, and the same with
// a dirty high word.
using Values = std::array<std::vector<std::uint64_t>, 6>;
Values interesting(const policy::SeccompPolicy& policy);
Values interesting(const oci::Seccomp& profile);
Values interesting(const plan::FilterTable& table);
plan::CallArgs random_args(Dice& dice, const Values& values);

// Numbers of interest: 0..600, around the x32 bit, and the largest.
const std::vector<std::uint32_t>& numbers();
// A few of those that names() have on any ABI, and of their neighbours; and the edges.
std::vector<std::uint32_t> some_numbers(Dice& dice, std::size_t count);
// The numbers that a table decides by arguments, and their neighbours.
std::vector<std::uint32_t> conditional(const plan::FilterTable& table);
// All of numbers(), and `busy` as often again as it takes to try many arguments.
std::vector<std::uint32_t> numbers_and_often(const std::vector<std::uint32_t>& busy);

std::uint32_t want(const policy::SeccompPolicy& policy, plan::Abi native, std::uint32_t token, std::uint32_t number,
                   const plan::CallArgs& args);
// Without the calls that i386 multiplexes.
std::uint32_t want(const oci::Seccomp& profile, plan::Abi native, std::uint32_t token, std::uint32_t number,
                   const plan::CallArgs& args);

seccomp_data call(std::uint32_t token, std::uint32_t number, const plan::CallArgs& args);

std::string check_call(const std::vector<sock_filter>& program, std::uint32_t token, std::uint32_t number,
                       const plan::CallArgs& args, std::uint32_t want);
const std::vector<std::uint32_t>& tokens();

// "arch … nr …: want …, have …" of the first call that is answered otherwise, or "" if none is. Every token and
// number, a number as often as it is there, with other arguments each time.
template <typename Want>
std::string difference(const std::vector<sock_filter>& program, Dice& dice, const Values& values,
                       const std::vector<std::uint32_t>& of_numbers, const Want& want) {
  for (const std::uint32_t token : tokens()) {
    for (const std::uint32_t number : of_numbers) {
      const plan::CallArgs args = random_args(dice, values);
      std::string wrong = check_call(program, token, number, args, want(token, number, args));
      if (!wrong.empty()) return wrong;
    }
  }
  return {};
}

}  // namespace samples
