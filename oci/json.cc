#include "oci/json.h"

#include <jansson.h>
#include <sys/auxv.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <deque>

#include "base/text.h"
#include "oci/prescan.h"

namespace oci {

namespace detail {

// One step of a path. Kept as links, so that a pointer's text is made only for a message.
struct Node {
  const Node* parent;
  const char* name;   // nullptr: an array's element
  std::size_t index;  // of the element, or the length of the name
};

struct Document {
  json_t* root = nullptr;
  std::string source;
  base::Kind kind = base::Kind::kConfig;
  std::string_view text;   // for the places of messages; empty: none are wanted
  std::deque<Node> nodes;  // grows without moving what cursors point at

  Document(json_t* value, std::string_view name, base::Kind k) : root(value), source(name), kind(k) {}
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() { json_decref(root); }
};

}  // namespace detail

namespace {

constexpr std::size_t kShownBytes = 64;  // of a value in a message

// An integer that prescan_json moved into a string.
bool is_moved_integer(const json_t* value) {
  return json_is_string(value) && json_string_length(value) > 0 && json_string_value(value)[0] == '\0';
}

std::string_view string_of(const json_t* value) { return {json_string_value(value), json_string_length(value)}; }

std::uint64_t moved_integer(const json_t* value) { return base::parse_u64(string_of(value).substr(1)).value_or(0); }

std::string shorten(std::string_view text) {
  if (text.size() <= kShownBytes) return std::string(text);
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return base::cat(text.substr(0, end), "…");
}

// What a message about the text itself needs.
struct Input {
  std::string_view text, source;
  base::Kind kind;
  Places places;
};

base::Error text_error(const Input& input, std::size_t offset, std::string_view what) {
  const Place place = place_at(input.text, offset);
  const std::string where = input.places == Places::kShow ? base::cat(":", place.line, ":", place.column)
                                                          : base::cat(": line ", place.line, " column ", place.column);
  return {input.kind, base::cat(input.source, where, ": ", what)};
}

// The name that ends just before `end`, as it stands in the text, without its quotes.
std::string_view name_before(std::string_view text, std::size_t end) {
  if (end == 0 || end > text.size() || text[end - 1] != '"') return {};
  std::size_t start = end - 1;
  while (start > 0) {
    --start;
    if (text[start] != '"') continue;
    std::size_t slashes = 0;
    while (slashes < start && text[start - 1 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) return text.substr(start + 1, end - start - 2);
  }
  return {};
}

base::Error syntax_error(const Input& input, const json_error_t& error, const Prescan& scan) {
  std::size_t offset = error.position > 0 ? static_cast<std::size_t>(error.position) : 0;
  if (!scan.moved.empty()) offset = scan.original_offset(offset);
  if (json_error_code(&error) == json_error_duplicate_key) {
    const std::string_view name = name_before(input.text, offset);
    return text_error(input, offset - name.size() - 2,
                      base::cat("name ", base::quote(shorten(name)), " twice in one object"));
  }
  // jansson's text may end with a piece of the input, which must not reach the log as it is.
  const std::string_view what = error.text;
  const std::size_t near = what.find(" near '");
  const std::string said = base::escape(what.substr(0, near));
  if (json_error_code(&error) == json_error_invalid_utf8)
    return text_error(input, offset, base::cat("invalid UTF-8: ", said));
  if (near == std::string_view::npos) return text_error(input, offset, said);
  std::string_view token = what.substr(near + 7);
  if (!token.empty() && token.back() == '\'') token.remove_suffix(1);
  return text_error(input, offset, base::cat(said, " near ", base::quote(token)));
}

// jansson seeds its hash tables from /dev/urandom: three system calls. The kernel has already put as good a
// value into every process (getauxval(3), AT_RANDOM).
void seed_hash() {
  const unsigned long address = getauxval(AT_RANDOM);
  std::size_t seed = 0;
  // The first 8 bytes become the stack protector's canary, the next 8 the pointer guard: mixed, never shown.
  if (address != 0) {
    std::array<std::uint32_t, 4> words{};
    std::memcpy(words.data(), reinterpret_cast<const void*>(address), sizeof(words));  // NOLINT
    seed = (words[0] * 0x9E3779B1U) ^ (words[1] * 0x85EBCA77U) ^ (words[2] * 0xC2B2AE3DU) ^ (words[3] * 0x27D4EB2FU);
  }
  json_object_seed(seed);  // 0: jansson finds its own; a second call does nothing
}

}  // namespace

base::Result<Json> parse_json(std::string_view text, std::string_view source, base::Kind kind, Places places) {
  const Input origin{text, source, kind, places};
  if (text.size() > kMaxJsonSize)
    return base::Error(kind, base::cat(source, ": want at most ", kMaxJsonSize, " bytes, have ", text.size()));
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return base::Error(kind, base::cat(source, ": empty"));
  Prescan scan;
  TextFault fault;
  if (!prescan_json(text, scan, fault)) return text_error(origin, fault.offset, fault.what);
  seed_hash();
  const std::string_view input = scan.moved.empty() ? text : std::string_view(scan.rewritten);
  json_error_t error;
  json_t* root =
      json_loadb(input.data(), input.size(), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
  if (root == nullptr) return syntax_error(origin, error, scan);
  auto document = std::make_unique<detail::Document>(root, source, kind);
  if (places == Places::kShow) document->text = text;
  return Json(std::move(document));
}

Json::Json(std::unique_ptr<detail::Document> document) : document_(std::move(document)) {}
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

Cursor Json::root() const { return {document_->root, nullptr, document_.get()}; }

JsonType Cursor::type() const {
  switch (json_typeof(value_)) {
    case JSON_OBJECT: return JsonType::kObject;
    case JSON_ARRAY: return JsonType::kArray;
    case JSON_STRING: return is_moved_integer(value_) ? JsonType::kInteger : JsonType::kString;
    case JSON_INTEGER: return JsonType::kInteger;
    case JSON_REAL: return JsonType::kReal;
    case JSON_TRUE:
    case JSON_FALSE: return JsonType::kBool;
    case JSON_NULL: break;
  }
  return JsonType::kNull;
}

std::string Cursor::pointer() const {
  std::vector<const detail::Node*> path;
  for (const auto* node = node_; node != nullptr; node = node->parent) path.push_back(node);
  std::string out;
  for (auto it = path.rbegin(); it != path.rend(); ++it) {
    out += '/';
    if ((*it)->name == nullptr) {
      out += std::to_string((*it)->index);
      continue;
    }
    for (const char c : std::string_view((*it)->name, (*it)->index)) {
      if (c == '~') {
        out += "~0";
      } else if (c == '/') {
        out += "~1";
      } else {
        out += c;
      }
    }
  }
  return out;
}

const std::string& Cursor::source() const { return document_->source; }

Cursor Cursor::member(const char* name, std::size_t length, const json_t* value) const {
  return {value, &document_->nodes.emplace_back(detail::Node{node_, name, length}), document_};
}

Cursor Cursor::element(std::size_t index) const {
  return {json_array_get(value_, index), &document_->nodes.emplace_back(detail::Node{node_, nullptr, index}),
          document_};
}

base::Result<std::string_view> Cursor::get_string() const {
  if (type() != JsonType::kString) return mismatch("a string");
  return string_of(value_);
}

base::Result<bool> Cursor::get_bool() const {
  if (type() != JsonType::kBool) return mismatch("true or false");
  return json_is_true(value_);
}

base::Result<std::uint64_t> Cursor::get_u64(std::uint64_t min, std::uint64_t max) const {
  if (type() != JsonType::kInteger) return mismatch("an integer");
  const bool negative = json_is_integer(value_) && json_integer_value(value_) < 0;
  const std::uint64_t value =
      is_moved_integer(value_) ? moved_integer(value_) : static_cast<std::uint64_t>(json_integer_value(value_));
  if (negative || value < min || value > max) return mismatch(base::cat(min, "..", max));
  return value;
}

base::Result<std::int64_t> Cursor::get_i64(std::int64_t min, std::int64_t max) const {
  if (type() != JsonType::kInteger) return mismatch("an integer");
  if (is_moved_integer(value_)) return mismatch(base::cat(min, "..", max));
  const std::int64_t value = json_integer_value(value_);
  if (value < min || value > max) return mismatch(base::cat(min, "..", max));
  return value;
}

base::Result<std::vector<Cursor>> Cursor::get_array() const {
  if (!is_array()) return mismatch("an array");
  std::vector<Cursor> out;
  out.reserve(size());
  for (std::size_t i = 0; i < size(); ++i) out.push_back(element(i));
  return out;
}

base::Result<std::vector<std::string>> Cursor::get_strings() const {
  if (!is_array()) return mismatch("an array of strings");
  std::vector<std::string> out;
  out.reserve(size());
  for (std::size_t i = 0; i < size(); ++i) {
    const json_t* value = json_array_get(value_, i);
    if (!json_is_string(value) || is_moved_integer(value)) return element(i).mismatch("a string");
    out.emplace_back(string_of(value));
  }
  return out;
}

base::Result<std::vector<Member>> Cursor::object_members() const {
  if (!is_object()) return mismatch("an object");
  std::vector<Member> out;
  out.reserve(size());
  auto* object = const_cast<json_t*>(value_);  // the iterator functions of jansson take no const and change nothing
  for (void* it = json_object_iter(object); it != nullptr; it = json_object_iter_next(object, it)) {
    const char* name = json_object_iter_key(it);
    const std::size_t length = json_object_iter_key_len(it);
    out.push_back({{name, length}, member(name, length, json_object_iter_value(it))});
  }
  return out;
}

std::size_t Cursor::size() const {
  if (is_object()) return json_object_size(value_);
  return is_array() ? json_array_size(value_) : 0;
}

std::optional<Cursor> Cursor::find(std::string_view name) const {
  if (!is_object()) return std::nullopt;
  // The name in the tree outlives the cursor; the caller's may not.
  auto* object = const_cast<json_t*>(value_);
  void* it = json_object_iter_at(object, std::string(name).c_str());
  if (it == nullptr) return std::nullopt;
  return member(json_object_iter_key(it), json_object_iter_key_len(it), json_object_iter_value(it));
}

std::string Cursor::have() const {
  switch (type()) {
    case JsonType::kNull: return "null";
    case JsonType::kBool: return json_is_true(value_) ? "true" : "false";
    case JsonType::kInteger:
      return is_moved_integer(value_) ? std::string(string_of(value_).substr(1))
                                      : std::to_string(json_integer_value(value_));
    case JsonType::kReal: {
      std::array<char, 40> text{};
      std::snprintf(text.data(), text.size(), "%.17g", json_real_value(value_));
      // 1.0 must not read like the integer that was wanted.
      return std::strpbrk(text.data(), ".e") != nullptr ? text.data() : base::cat(std::string_view(text.data()), ".0");
    }
    case JsonType::kString: return base::quote(shorten(string_of(value_)));
    case JsonType::kArray: return "an array";
    case JsonType::kObject: break;
  }
  return "an object";
}

base::Error Cursor::mismatch(std::string_view want) const { return fault(base::cat("want ", want, ", have ", have())); }

base::Error Cursor::fault(std::string_view text) const {
  const std::string place = pointer();
  std::string where = document_->source;
  if (!document_->text.empty()) {
    if (const auto at = locate(document_->text, place)) where += base::cat(":", at->line, ":", at->column);
  }
  // A name in the pointer is the input's: it may hold anything.
  return {document_->kind,
          place.empty() ? base::cat(where, ": ", text) : base::cat(where, ": ", base::escape(place), ": ", text)};
}

}  // namespace oci
