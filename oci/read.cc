#include "oci/read.h"

#include "oci/check.h"
#include "oci/fields.h"

namespace oci {

namespace {

using base::Result;

constexpr std::string_view kSpecSource = "config.json";
constexpr std::string_view kProcessSource = "process.json";
constexpr std::string_view kResourcesSource = "resources";

// Runtime-spec: "Keys MUST NOT be an empty string." Nothing breaks when one is.
Result<void> read_annotations(Reader& reader, const Cursor& cursor, Spec& out) {
  TRY(read_value(reader, cursor, out.annotations));
  if (out.annotations.contains("")) reader.warn(cursor, "an annotation without a name");
  return base::ok();
}

constexpr auto kSpec =
    fields<Spec>(field<&Spec::oci_version>("ociVersion"), field<&Spec::process>("process", "an object"),
                 field<&Spec::root>("root", "an object"), field<&Spec::hostname>("hostname"),
                 field<&Spec::domainname>("domainname"), field<&Spec::mounts>("mounts"), field<&Spec::hooks>("hooks"),
                 with<Spec, read_annotations>("annotations"), field<&Spec::linux>("linux"), ignored<Spec>("windows"),
                 ignored<Spec>("solaris"), ignored<Spec>("vm"), ignored<Spec>("zos"), ignored<Spec>("freebsd"));

template <typename T>
Result<T> read_document(std::string_view text, std::string_view source, std::vector<Note>* notes) {
  const Json json = TRY(parse_json(text, source));
  Reader reader;
  T out;
  TRY(read_value(reader, json.root(), out));
  if (notes != nullptr) *notes = std::move(reader.notes);
  return out;
}

}  // namespace

Result<Spec> read_spec(std::string_view text) {
  const Json json = TRY(parse_spec(text));
  return read_spec(json);
}

Result<Json> parse_spec(std::string_view text) { return parse_json(text, kSpecSource); }

Result<Spec> read_spec(const Json& document) {
  Reader reader;
  Spec spec;
  TRY(read_object(reader, document.root(), kSpec, spec));
  TRY(check_spec(kSpecSource, spec));
  spec.notes = std::move(reader.notes);
  return spec;
}

Result<Process> read_process(std::string_view text, std::vector<Note>* notes) {
  return read_document<Process>(text, kProcessSource, notes);
}

Result<Resources> read_resources(std::string_view text, std::vector<Note>* notes) {
  return read_document<Resources>(text, kResourcesSource, notes);
}

}  // namespace oci
