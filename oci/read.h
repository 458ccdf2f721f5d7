// config.json text to values. Every MUST of the runtime-spec that needs no look at the system is checked here.
// Errors read `config.json: /json/pointer: want …, have …`; what was odd and yet no error is in Spec::notes.
//
// Names match exactly. Go's decoder, and so runc, also takes "Hostname" for "hostname"; here that is an unknown
// member, ignored with a warning that names the known one. A null member is an absent one, as for Go.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/json.h"
#include "oci/spec.h"

namespace oci {

base::Result<Spec> read_spec(std::string_view text);
// The same in two steps, for a caller who has a better time for the end of the document: the Spec does not need it.
base::Result<Json> parse_spec(std::string_view text);
base::Result<Spec> read_spec(const Json& document);

// A process document (`exec --process`). The caller gets what was odd in `notes` when given.
base::Result<Process> read_process(std::string_view text, std::vector<Note>* notes = nullptr);

// A linux.resources document (`update --resources`).
base::Result<Resources> read_resources(std::string_view text, std::vector<Note>* notes = nullptr);

}  // namespace oci
