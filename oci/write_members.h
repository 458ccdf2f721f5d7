// Writing structs as JSON members: what is absent, or an empty list or text, is left out, since the reader takes both for
// the same. Private to the write_*.cc files of this room.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/json_writer.h"
#include "oci/spec.h"

namespace oci {

template <typename T>
void write_optional(JsonWriter& out, std::string_view name, const std::optional<T>& value) {
  if (value) out.member(name, *value);
}
inline void write_optional(JsonWriter& out, std::string_view name, const std::string& value) {
  if (!value.empty()) out.member(name, value);
}
inline void write_optional(JsonWriter& out, std::string_view name, const std::vector<std::string>& values) {
  if (!values.empty()) out.strings(name, values);
}
inline void write_optional(JsonWriter& out, std::string_view name, const std::map<std::string, std::string>& values) {
  if (values.empty()) return;
  out.name(name);
  out.begin_object();
  for (const auto& [key, value] : values) out.member(key, value);
  out.end_object();
}

// One object an element, whose members `write` writes.
template <typename T, typename Write>
void write_objects(JsonWriter& out, std::string_view name, const std::vector<T>& values, const Write& write) {
  if (values.empty()) return;
  out.name(name);
  out.begin_array();
  for (const T& value : values) {
    out.begin_object();
    write(out, value);
    out.end_object();
  }
  out.end_array();
}
template <typename T, typename Write>
void write_object(JsonWriter& out, std::string_view name, const T& value, const Write& write) {
  out.name(name);
  out.begin_object();
  write(out, value);
  out.end_object();
}
template <typename T, typename Write>
void write_object(JsonWriter& out, std::string_view name, const std::optional<T>& value, const Write& write) {
  if (value) write_object(out, name, *value, write);
}

// The sections, each in the file of its name.
void write_id_mappings(JsonWriter& out, std::string_view name, const std::vector<IdMapping>& mappings);
void write_process(JsonWriter& out, const Process& process);
void write_linux(JsonWriter& out, const Linux& config);
void write_resources(JsonWriter& out, const Resources& resources);
void write_seccomp(JsonWriter& out, const Seccomp& seccomp);

}  // namespace oci
