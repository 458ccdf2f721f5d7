// Text to a tree: RapidJSON reads, what stands between it and the tree refuses what this project does not take.
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <set>

#include "base/text.h"
#include "oci/json_document.h"

namespace oci {

namespace {

constexpr std::size_t kShownToken = 24;  // bytes

// Numbers come as text: RapidJSON makes a double of an integer that is too large.
constexpr unsigned kAsciiFlags = rapidjson::kParseNumbersAsStringsFlag;
constexpr unsigned kFlags = rapidjson::kParseValidateEncodingFlag | kAsciiFlags;

// Which is UTF-8, whatever else it may be: as most texts are.
bool is_ascii(std::string_view text) {
  std::size_t at = 0;
  std::uint64_t high = 0;
  for (; at + sizeof(high) <= text.size(); at += sizeof(high)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof(word));
    high |= word;
  }
  for (; at < text.size(); ++at) high |= static_cast<unsigned char>(text[at]);
  return (high & 0x8080808080808080U) == 0;
}

using Size = rapidjson::SizeType;

struct Fault {
  std::size_t offset = 0;
  std::string text;
};

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

std::string cut(std::string_view literal) {
  constexpr std::size_t kShown = 30;
  return literal.size() <= kShown ? std::string(literal) : base::cat(literal.substr(0, kShown), "…");
}

// Where the first "\u0000" of a string is.
std::size_t find_escaped_nul(std::string_view text) {
  for (std::size_t at = text.find('\\'); at < text.size(); at = text.find('\\', at + 2)) {
    if (text.substr(at + 1, 5) == "u0000") return at;
  }
  return 0;
}

// Hands on to the tree what the reader tells, but for what is refused.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  Builder(rapidjson::Document& tree, const rapidjson::MemoryStream& stream, std::string_view text, Fault& fault)
      : tree_(tree), stream_(stream), text_(text), fault_(fault) {}

  bool Null() { return tree_.Null(); }
  bool Bool(bool value) { return tree_.Bool(value); }
  bool RawNumber(const char* text, Size length, bool) {
    const std::string_view literal(text, length);
    if (literal.find_first_of(".eE") == std::string_view::npos) {
      if (const auto number = base::parse_i64(literal)) return tree_.Int64(*number);
      if (const auto number = base::parse_u64(literal)) return tree_.Uint64(*number);
      return refuse(stream_.Tell() - length, base::cat("integer out of range: ", cut(literal)));
    }
    const double number = std::strtod(std::string(literal).c_str(), nullptr);
    if (!std::isfinite(number)) return refuse(stream_.Tell() - length, base::cat("number out of range: ", cut(literal)));
    return tree_.Double(number);
  }
  bool String(const char* text, Size length, bool copy) { return has_no_nul(text, length) && tree_.String(text, length, copy); }
  bool Key(const char* text, Size length, bool copy) { return has_no_nul(text, length) && tree_.Key(text, length, copy); }
  bool StartObject() { return enter() && tree_.StartObject(); }
  bool EndObject(Size count) { return leave() && tree_.EndObject(count); }
  bool StartArray() { return enter() && tree_.StartArray(); }
  bool EndArray(Size count) { return leave() && tree_.EndArray(count); }

 private:
  bool refuse(std::size_t offset, std::string text) {
    fault_ = {offset, std::move(text)};
    return false;
  }
  // The reader calls itself for each level: the limit is its own too.
  bool enter() {
    return ++depth_ <= kMaxJsonDepth || refuse(stream_.Tell() - 1, base::cat("more than ", kMaxJsonDepth, " levels deep"));
  }
  bool leave() {
    --depth_;
    return true;
  }
  bool has_no_nul(const char* text, Size length) {
    return std::memchr(text, '\0', length) == nullptr || refuse(find_escaped_nul(text_), "NUL (\\u0000) in a string");
  }

  rapidjson::Document& tree_;
  const rapidjson::MemoryStream& stream_;
  std::string_view text_;
  Fault& fault_;
  std::size_t depth_ = 0;
};

std::string_view name_of(const rapidjson::Value::Member& member) {
  return {member.name.GetString(), member.name.GetStringLength()};
}

bool has_equals(const rapidjson::Value& object) {
  constexpr std::size_t kFew = 16;
  const auto begin = object.MemberBegin(), end = object.MemberEnd();
  if (object.MemberCount() <= kFew) {
    for (auto it = begin; it != end; ++it) {
      if (std::any_of(begin, it, [&](const auto& other) { return name_of(other) == name_of(*it); })) return true;
    }
    return false;
  }
  std::vector<std::string_view> names;
  names.reserve(object.MemberCount());
  for (auto it = begin; it != end; ++it) names.push_back(name_of(*it));
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// As deep as the text, hence bounded.
bool has_duplicates(const rapidjson::Value& value) {
  if (value.IsObject()) {
    return has_equals(value) || std::any_of(value.MemberBegin(), value.MemberEnd(),
                                            [](const auto& member) { return has_duplicates(member.value); });
  }
  return value.IsArray() && std::any_of(value.Begin(), value.End(), has_duplicates);
}

// Stops at the first name that its object has had before.
class DuplicateFinder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, DuplicateFinder> {
 public:
  bool StartObject() {
    names_.emplace_back();
    return true;
  }
  bool Key(const char* text, Size length, bool) { return names_.back().insert(std::string(text, length)).second; }
  bool EndObject(Size) {
    names_.pop_back();
    return true;
  }

 private:
  std::vector<std::set<std::string>> names_;
};

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

base::Error duplicate_error(const Input& input) {
  rapidjson::MemoryStream stream(input.text.data(), input.text.size());
  DuplicateFinder finder;
  rapidjson::Reader().Parse<kFlags>(stream, finder);
  const std::size_t end = stream.Tell();
  const std::string_view name = name_before(input.text, end);
  return text_error(input, end - name.size() - 2,
                    base::cat("name ", base::quote(detail::shorten(name)), " twice in one object"));
}

std::string_view wanted(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentRootNotSingular: return "the end of the file";
    case rapidjson::kParseErrorObjectMissName: return "a name in quotes";
    case rapidjson::kParseErrorObjectMissColon: return "\":\"";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket: return "\",\" or \"}\"";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket: return "\",\" or \"]\"";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex: return "four hexadecimal digits";
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid: return "a pair of surrogates";
    case rapidjson::kParseErrorStringEscapeInvalid: return "an escape that JSON has";
    case rapidjson::kParseErrorStringMissQuotationMark: return "the end of the string";
    case rapidjson::kParseErrorNumberMissFraction: return "digits behind the point";
    case rapidjson::kParseErrorNumberMissExponent: return "digits of the exponent";
    case rapidjson::kParseErrorNumberTooBig: return "a smaller number";
    default: return "a value";
  }
}

base::Error syntax_error(const Input& input, const rapidjson::ParseResult& result) {
  std::size_t offset = result.Offset();
  // The reader has got to where a word ceases to be "true", "false" or "null".
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  while (result.Code() == rapidjson::kParseErrorValueInvalid && offset > 0 && is_letter(input.text[offset - 1])) --offset;
  if (offset >= input.text.size()) {
    return text_error(input, input.text.size(), base::cat("want ", wanted(result.Code()), ", have the end of file"));
  }
  const std::string_view rest = input.text.substr(offset);
  if (base::utf8_length(rest) == 0) return text_error(input, offset, "invalid UTF-8");
  // The reader calls a bare control character within a string, as the end of a line, a wrong escape.
  const bool control = static_cast<unsigned char>(rest.front()) < 0x20 && result.Code() == rapidjson::kParseErrorStringEscapeInvalid;
  const auto want = wanted(control ? rapidjson::kParseErrorStringMissQuotationMark : result.Code());
  const std::string_view token = rest.substr(0, std::max<std::size_t>(1, std::min(kShownToken, rest.find_first_of(" \t\r\n,:[]{}"))));
  return text_error(input, offset, base::cat("want ", want, ", have ", base::quote(token)));
}

}  // namespace

base::Result<Json> parse_json(std::string_view text, std::string_view source, base::Kind kind, Places places) {
  const Input input{text, source, kind, places};
  if (text.size() > kMaxJsonSize)
    return base::Error(kind, base::cat(source, ": want at most ", kMaxJsonSize, " bytes, have ", text.size()));
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return base::Error(kind, base::cat(source, ": empty"));
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) return text_error(input, nul, "NUL byte");

  auto document = std::make_unique<detail::Document>(source, kind);
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::ParseResult result;
  Fault fault;
  const auto read = [&](rapidjson::Document& tree) {
    Builder builder(tree, stream, text, fault);
    result = is_ascii(text) ? rapidjson::Reader().Parse<kAsciiFlags>(stream, builder) : rapidjson::Reader().Parse<kFlags>(stream, builder);
    return !result.IsError();
  };
  document->tree.Populate(read);
  if (!fault.text.empty()) return text_error(input, fault.offset, fault.text);
  if (result.IsError()) return syntax_error(input, result);
  if (has_duplicates(document->tree)) return duplicate_error(input);
  if (places == Places::kShow) document->text = text;
  return Json(std::move(document));
}

}  // namespace oci
