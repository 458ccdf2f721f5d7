// For what lives until the process ends, which is soon: it is not taken apart piece by piece.
#pragma once

#include <list>
#include <utility>

namespace base {

template <typename T>
T& immortal(T value) {
  static auto& all = *new std::list<T>();  // still pointed at, as LeakSanitizer wants it
  return all.emplace_back(std::move(value));
}

}  // namespace base
