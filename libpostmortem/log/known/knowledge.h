// How the shipped knowledge is read, and which entry fits an event.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/knowledge.h>

#include "log/match/pattern.h"

namespace postmortem {

/// One of the knowledge files as it was compiled in (libpostmortem/CMakeLists.txt makes the list).
struct KnowledgeFile {
    std::string_view name;
    std::string_view text;
};
std::span<const KnowledgeFile> knowledge_files();

/// When an entry fits; every condition that is there must hold.
struct KnowledgeCondition {
    std::vector<std::string> classes;
    std::vector<std::string> addresses;
    std::optional<Pattern> title, headline;
    bool without_function = false;
    std::size_t weight = 0;  ///< the more an entry asks for, the better it fits

    bool holds(const LogEvent& event) const;
};

struct KnowledgeRule {
    KnowledgeCondition condition;
    KnowledgeEntry entry;
};

/// Errors name file, line and reason.
Result<std::vector<KnowledgeRule>> parse_knowledge(std::string_view yaml, std::string_view file);

}  // namespace postmortem
