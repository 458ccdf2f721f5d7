// A set of system calls by name: some three hundred in a usual filter, so they lie in one piece of memory, which is
// copied, compared and kept as a whole.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

// Sorted, each name once.
class SyscallSet {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    explicit Iterator(const char* at) : at_(at) {}
    std::string_view operator*() const { return at_; }
    Iterator& operator++() {
      at_ += std::string_view(at_).size() + 1;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const char* at_;
  };
  using const_iterator = Iterator;
  using value_type = std::string_view;

  SyscallSet() = default;
  SyscallSet(std::initializer_list<std::string_view> names) : SyscallSet(std::vector<std::string_view>(names)) {}
  // In any order; they may be views of another SyscallSet.
  explicit SyscallSet(std::vector<std::string_view> names);

  bool contains(std::string_view name) const;

  Iterator begin() const { return Iterator(text_.data()); }
  Iterator end() const { return Iterator(text_.data() + text_.size()); }
  std::size_t size() const { return size_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const SyscallSet&) const = default;

  // The names, a NUL behind each.
  const std::string& text() const { return text_; }
  // False, and nothing changed, if that is not what text() gives.
  bool set_text(std::string text);

 private:
  std::string text_;
  std::size_t size_ = 0;
};

}  // namespace policy
