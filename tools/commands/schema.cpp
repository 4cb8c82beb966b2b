// Not for users' eyes: what docs/schema and docs/json.md are made of (tests/json-schema/run).
#include <postmortem/schema.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{"[DOCUMENT]",
                  "Prints the JSON Schema of a document, or without one the names of all documents.\n"};
    syntax.options = {on_or_off("tables", "the tables of docs/json.md")};
    syntax.reads_kernel = false;
    syntax.needs_input = false;
    syntax.has_json = false;
    return syntax;
}

int read(const Arguments& arguments, Output& output) {
    if (arguments.has("tables")) return output.finish(postmortem::json_tables(), {});
    if (arguments.rest.empty()) {
        std::string names;
        for (const std::string_view name : postmortem::json_documents()) names.append(name) += '\n';
        return output.finish(names, {});
    }
    const std::string text = postmortem::json_schema(arguments.rest[0]);
    return text.empty() ? output.complain("schema: there is no document '" + arguments.rest[0] + "'")
                        : output.finish(text, {});
}

}  // namespace

const Command schema_command = {"schema", nullptr, syntax, nullptr, read};

}  // namespace tool
