// Where the steps of each kind are in a plan: what the invariants ask. Private to the plan room.
#pragma once

#include <array>
#include <optional>
#include <type_traits>
#include <variant>

#include "plan/plan.h"

namespace plan {

template <typename T, typename... Ops>
constexpr std::size_t place_of(const std::variant<Ops...>*) {
  std::size_t place = 0;
  (void)((std::is_same_v<T, Ops> || (++place, false)) || ...);
  return place;
}

class Order {
 public:
  explicit Order(const LaunchPlan& plan) {
    std::size_t at = 0;
    for (const Step& step : plan.steps) {
      Kind& kind = kinds_[step.op.index()];
      if (kind.count++ == 0) kind.first = at;
      kind.last = at++;
    }
  }
  template <typename T>
  std::size_t count() const { return of<T>().count; }
  template <typename T>
  std::optional<std::size_t> first() const { return of<T>().count == 0 ? std::nullopt : std::optional(of<T>().first); }
  template <typename T>
  std::optional<std::size_t> last() const { return of<T>().count == 0 ? std::nullopt : std::optional(of<T>().last); }
  // Every A comes before every B (vacuous if either is absent).
  template <typename A, typename B>
  bool before() const {
    return of<A>().count == 0 || of<B>().count == 0 || of<A>().last < of<B>().first;
  }

 private:
  struct Kind { std::size_t first = 0, last = 0, count = 0; };
  template <typename T>
  const Kind& of() const { return kinds_[place_of<T>(static_cast<const Op*>(nullptr))]; }
  std::array<Kind, std::variant_size_v<Op>> kinds_{};
};

}  // namespace plan
