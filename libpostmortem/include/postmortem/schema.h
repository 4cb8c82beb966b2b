// What the JSON of every command looks like, as documents for programs and for people. Both are made of the
// descriptions that the JSON itself is printed from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postmortem/api.h>

namespace postmortem {

/// The names of all documents: "ps", "oom-tree-of-log".
POSTMORTEM_API std::vector<std::string_view> json_documents();

/// The JSON Schema (draft 2020-12) of a document; empty where there is no such document. Every field is
/// optional.
POSTMORTEM_API std::string json_schema(std::string_view document);

/// Every document and every part of one as tables in Markdown.
POSTMORTEM_API std::string json_tables();

}  // namespace postmortem
