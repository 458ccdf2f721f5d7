#include "oci/json.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "base/text.h"
#include "oci/json_document.h"

namespace oci {

namespace {

inline std::string_view string_of(const rapidjson::Value& value) { return {value.GetString(), value.GetStringLength()}; }

bool is_integer(const rapidjson::Value& value) { return value.IsInt64() || value.IsUint64(); }

// RFC 6901: "~" as "~0", "/" as "~1".
void append_token(std::string& out, std::string_view name) {
  for (auto at = name.find_first_of("~/"); at != std::string_view::npos; at = name.find_first_of("~/")) {
    out += name.substr(0, at);
    out += name[at] == '~' ? "~0" : "~1";
    name.remove_prefix(at + 1);
  }
  out += name;
}

}  // namespace

std::string detail::shorten(std::string_view text) {
  constexpr std::size_t kShown = 64;  // bytes
  if (text.size() <= kShown) return std::string(text);
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return base::cat(text.substr(0, end), "…");
}

Json::Json(std::unique_ptr<detail::Document> document) : document_(std::move(document)) {}
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

Cursor Json::root() const { return {&document_->tree, nullptr, document_.get()}; }

JsonType Cursor::type() const {
  switch (value_->GetType()) {
    case rapidjson::kObjectType: return JsonType::kObject;
    case rapidjson::kArrayType: return JsonType::kArray;
    case rapidjson::kStringType: return JsonType::kString;
    case rapidjson::kNumberType: return is_integer(*value_) ? JsonType::kInteger : JsonType::kReal;
    case rapidjson::kTrueType:
    case rapidjson::kFalseType: return JsonType::kBool;
    case rapidjson::kNullType: break;
  }
  return JsonType::kNull;
}

std::string Cursor::pointer() const {
  std::array<const detail::Node*, kMaxJsonDepth + 1> path;
  std::size_t depth = 0;
  for (const auto* node = node_; node != nullptr; node = node->parent) path[depth++] = node;
  std::string out;
  while (depth != 0) {
    const auto& node = *path[--depth];
    out += '/';
    if (node.name == nullptr) {
      out += base::Digits(node.index).text();
    } else {
      append_token(out, {node.name, node.index});
    }
  }
  return out;
}

const std::string& Cursor::source() const { return document_->source; }

Cursor Cursor::member(const char* name, std::size_t length, const rapidjson::Value* value) const {
  return {value, &document_->nodes.emplace_back(detail::Node{node_, name, length}), document_};
}

Cursor Cursor::element(std::size_t index) const {
  return {&(*value_)[static_cast<rapidjson::SizeType>(index)],
          &document_->nodes.emplace_back(detail::Node{node_, nullptr, index}), document_};
}

base::Result<std::string_view> Cursor::get_string() const {
  if (!is_string()) return mismatch("a string");
  return string_of(*value_);
}

base::Result<bool> Cursor::get_bool() const {
  if (!value_->IsBool()) return mismatch("true or false");
  return value_->GetBool();
}

base::Result<std::uint64_t> Cursor::get_u64(std::uint64_t min, std::uint64_t max) const {
  if (type() != JsonType::kInteger) return mismatch("an integer");
  const bool negative = !value_->IsUint64();
  if (negative || value_->GetUint64() < min || value_->GetUint64() > max) return mismatch(base::cat(min, "..", max));
  return value_->GetUint64();
}

base::Result<std::int64_t> Cursor::get_i64(std::int64_t min, std::int64_t max) const {
  if (type() != JsonType::kInteger) return mismatch("an integer");
  const bool fits = value_->IsInt64();
  if (!fits || value_->GetInt64() < min || value_->GetInt64() > max) return mismatch(base::cat(min, "..", max));
  return value_->GetInt64();
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
  for (const auto& value : value_->GetArray()) {
    if (!value.IsString()) return element(out.size()).mismatch("a string");
    out.emplace_back(string_of(value));
  }
  return out;
}

base::Result<std::vector<Member>> Cursor::object_members() const {
  if (!is_object()) return mismatch("an object");
  std::vector<Member> out;
  out.reserve(size());
  for (const auto& entry : value_->GetObject()) {
    const std::string_view name = string_of(entry.name);
    out.push_back({name, member(name.data(), name.size(), &entry.value)});
  }
  return out;
}

std::size_t Cursor::size() const {
  if (is_object()) return value_->MemberCount();
  return is_array() ? value_->Size() : 0;
}

std::optional<Cursor> Cursor::find(std::string_view name) const {
  if (!is_object()) return std::nullopt;
  for (auto entry = value_->MemberBegin(); entry != value_->MemberEnd(); ++entry) {
    // The name in the tree outlives the cursor; the caller's may not.
    const std::string_view own = string_of(entry->name);
    if (own == name) return member(own.data(), own.size(), &entry->value);
  }
  return std::nullopt;
}

std::string_view Cursor::member_name(std::size_t index) const {
  return string_of((value_->MemberBegin() + static_cast<std::ptrdiff_t>(index))->name);
}

Cursor Cursor::member_value(std::size_t index) const {
  const auto& entry = *(value_->MemberBegin() + static_cast<std::ptrdiff_t>(index));
  return member(entry.name.GetString(), entry.name.GetStringLength(), &entry.value);
}

std::string Cursor::have() const {
  switch (type()) {
    case JsonType::kNull: return "null";
    case JsonType::kBool: return value_->GetBool() ? "true" : "false";
    case JsonType::kInteger:
      return value_->IsInt64() ? std::to_string(value_->GetInt64()) : std::to_string(value_->GetUint64());
    case JsonType::kReal: {
      std::array<char, 40> text{};
      std::snprintf(text.data(), text.size(), "%.17g", value_->GetDouble());
      // 1.0 must not read like the integer that was wanted.
      return std::strpbrk(text.data(), ".e") != nullptr ? text.data() : base::cat(std::string_view(text.data()), ".0");
    }
    case JsonType::kString: return base::quote(detail::shorten(string_of(*value_)));
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
