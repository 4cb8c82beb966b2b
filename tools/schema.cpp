// Not for users' eyes: what docs/schema and docs/json.md are made of (tests/json-schema/run).
#include <postmortem/schema.h>

#include "commands.h"

namespace tool {

int schema(const std::vector<std::string>& words) {
    if (words.empty()) {
        std::string names;
        for (const std::string_view name : postmortem::json_documents()) names.append(name) += '\n';
        return finish(names, {});
    }
    if (words[0] == "--tables") return finish(postmortem::json_tables(), {});
    const std::string text = postmortem::json_schema(words[0]);
    return text.empty() ? complain("schema: there is no document '" + words[0] + "'") : finish(text, {});
}

}  // namespace tool
