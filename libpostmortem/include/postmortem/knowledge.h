// What is known about the common kinds of events: meaning, likely causes, what to look at next, what to do.
// The knowledge is shipped with the library; its text lies in libpostmortem/log/known/knowledge/*.yaml.
#pragma once

#include <string>
#include <vector>

#include <postmortem/log_analysis.h>

namespace postmortem {

/// A command of ours that sheds light on the event, and what to look for in its output. "DUMP" and "LOG"
/// stand for the file at hand.
struct KnowledgeStep {
    std::string command;
    std::string purpose;
};

struct KnowledgeEntry {
    std::string id;       ///< stable, lower-case: "null-dereference", "oom-memcg"
    std::string name;     ///< a heading
    std::string meaning;  ///< a paragraph
    std::vector<std::string> causes;
    std::vector<KnowledgeStep> look;
    std::vector<std::string> actions;
    std::vector<std::string> sources;  ///< public documents, or kernel source files with the release
};

/// Every entry, in a fixed order.
POSTMORTEM_API const std::vector<KnowledgeEntry>& knowledge_base();

/// The entry that fits the event best; nullptr where nothing is known about its kind. It lives as long as the
/// program.
POSTMORTEM_API const KnowledgeEntry* explain(const LogEvent& event);

}  // namespace postmortem
