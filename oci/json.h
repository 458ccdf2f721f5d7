// Strict JSON: text to a tree (parse_json) and a Cursor that walks it and knows its JSON pointer (RFC 6901),
// so that every complaint names its place. The config.json reader and the policy reader both stand on it.
#pragma once

#include <rapidjson/fwd.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace oci {

inline constexpr std::size_t kMaxJsonSize = 16U << 20;
inline constexpr std::size_t kMaxJsonDepth = 64;

enum class JsonType { kNull, kBool, kInteger, kReal, kString, kArray, kObject };

enum class Places;

namespace detail {
struct Document;
struct Node;
}  // namespace detail

struct Member;

// A value and where it is. Cheap to copy; valid as long as the Json it came from.
class Cursor {
 public:
  JsonType type() const;
  bool is_null() const { return type() == JsonType::kNull; }
  bool is_object() const { return type() == JsonType::kObject; }
  bool is_array() const { return type() == JsonType::kArray; }
  bool is_string() const { return type() == JsonType::kString; }

  std::string pointer() const;  // "" for the document, else "/linux/seccomp/syscalls/3"
  const std::string& source() const;

  // Typed values. The wrong type, a number with a fraction or an exponent, and one out of range are errors.
  base::Result<std::string_view> get_string() const;
  base::Result<bool> get_bool() const;
  base::Result<std::uint64_t> get_u64(std::uint64_t min = 0,
                                      std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) const;
  base::Result<std::int64_t> get_i64(std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                                     std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
  base::Result<std::vector<Cursor>> get_array() const;
  base::Result<std::vector<std::string>> get_strings() const;  // an array of strings
  base::Result<std::vector<Member>> object_members() const;    // in file order

  std::size_t size() const;  // of an array or object; else 0
  // The member of that name; absent if there is none, or this is no object. A null member is found.
  std::optional<Cursor> find(std::string_view name) const;
  template <std::size_t N>
  std::optional<Cursor> find(const char (&name)[N]) const {  // measured when it is compiled
    return find(std::string_view(name, N - 1));
  }
  // One by one, in file order; `index` < size() of an object.
  std::string_view member_name(std::size_t index) const;
  Cursor member_value(std::size_t index) const;

  // `source: /pointer: want W, have H`, H being this value cut short.
  base::Error mismatch(std::string_view want) const;
  // `source: /pointer: text`
  base::Error fault(std::string_view text) const;
  // This value for a message: `"x"`, `5`, `an object`.
  std::string have() const;

 private:
  friend class Json;
  Cursor(const rapidjson::Value* value, const detail::Node* node, detail::Document* document)
      : value_(value), node_(node), document_(document) {}
  Cursor member(const char* name, std::size_t length, const rapidjson::Value* value) const;
  Cursor element(std::size_t index) const;

  const rapidjson::Value* value_;
  const detail::Node* node_;
  detail::Document* document_;
};

struct Member {
  std::string_view name;
  Cursor value;
};

// Owns a parsed document.
class Json {
 public:
  Json(Json&&) noexcept;
  Json& operator=(Json&&) noexcept;
  ~Json();

  Cursor root() const;

 private:
  friend base::Result<Json> parse_json(std::string_view, std::string_view, base::Kind, Places);
  explicit Json(std::unique_ptr<detail::Document> document);
  std::unique_ptr<detail::Document> document_;
};

// Refused, with line and column: an empty text, more than kMaxJsonSize bytes or kMaxJsonDepth levels, a name
// twice in an object, anything after the value, NUL (also as \u0000), invalid UTF-8, integers outside
// -2^63..2^64-1. `source` ("config.json") opens every message; `kind` is the kind of every error.
//
// With Places::kShow every message, those of its cursors too, begins with "source:line:column:"; `text` must then live as
// long as the Json.
enum class Places { kNone, kShow };
base::Result<Json> parse_json(std::string_view text, std::string_view source, base::Kind kind = base::Kind::kConfig,
                              Places places = Places::kNone);

struct Place {
  std::size_t offset = 0;  // bytes
  std::size_t line = 1;
  std::size_t column = 1;  // characters
};

Place place_at(std::string_view text, std::size_t offset);
// Where the value with this pointer starts in the text it was parsed from. Scans the text: for messages only.
std::optional<Place> locate(std::string_view text, std::string_view pointer);

}  // namespace oci
