// Result<T>: a value or an Error. Spelled like std::expected, which gcc 12 has without and_then and
// clang 14 does not have at all; and, unlike it, warns when ignored.
#pragma once

#include <utility>
#include <variant>

#include "base/error.h"

namespace base {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() & { return *std::get_if<1>(&state_); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: implicit on purpose

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  void value() const {}
  Error& error() & { return *std::get_if<1>(&state_); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<std::monostate, Error> state_;
};

inline Result<void> ok() { return {}; }

}  // namespace base

// TRY(expr): the value of a Result, or returns its error from the enclosing function.
// TRY_IN(context, expr): the same, with `context` put in front of the error's message.
#define TRY(expr)                                                      \
  __extension__({                                                      \
    auto try_result_ = (expr);                                         \
    if (!try_result_.has_value()) [[unlikely]]                           \
      return std::move(try_result_).error();                             \
    std::move(try_result_).value();                                    \
  })
#define TRY_IN(context, expr)                                                               \
  __extension__({                                                                           \
    auto try_result_ = (expr);                                                              \
    if (!try_result_.has_value()) [[unlikely]]                                              \
      return std::move(try_result_).error().in((context));                                  \
    std::move(try_result_).value();                                                         \
  })
