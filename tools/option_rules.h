// Which options of a command go together. The parser takes any of them; where one would be silently left out
// of the answer, whoever asks is told so: instead of an answer, or beside it where crash takes both.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "options.h"

namespace tool {

/// In all of these an option is called by its long name.
struct OptionRules {
    using Names = std::vector<const char*>;
    struct Alone {
        const char* option;
        Names but = {};  ///< what goes with it
    };
    struct OnlyWith {
        const char* option;
        Names any_of;
    };

    std::vector<Names> exclusive;  ///< of each of these lists, one at most; hex and decimal go without saying
    std::vector<Alone> alone;      ///< no other option of the command goes with it
    std::vector<OnlyWith> only_with;
    Names without_operands;  ///< an answer about all, not about what is named
    Names only_text;         ///< an answer that --json and --ndjson do not have
    Names not_in_foreach;    ///< which names the tasks, and has no other question

    struct Covers {
        const char* option;
        Names others = {};  ///< empty: all
    };
    // What makes no difference to crash's answer, and none here: passed_over.h.
    std::vector<Names> ranks;            ///< of each of these lists, the one that stands first counts
    std::vector<Names> first_given;      ///< the one that was given first
    std::vector<Names> last_given;       ///< the one that was given last
    std::vector<Covers> covers;          ///< beside it these say nothing
    std::vector<OnlyWith> idle_without;  ///< alone it says nothing
    Names drops_operands;                ///< beside it nothing that is named counts
    Names yields_to_operands;            ///< what is named counts
    std::optional<std::size_t> surplus_from = {};  ///< so many operands count
};

/// As it is typed: -a, -16, --sum; of several, "-a, -b or -c".
std::string spelled(const std::vector<Option>& own, std::string_view name);
std::string any_of(const std::vector<Option>& own, const OptionRules::Names& names);

/// What is wrong with the options as a whole, as a sentence; empty where nothing is. `operands` are those
/// behind the dump.
std::string broken_rule(const OptionRules& rules, const std::vector<Option>& own, const GivenOptions& given,
                        const std::vector<std::string>& operands);

/// The same of a command within `foreach`.
std::string broken_rule_in_foreach(const OptionRules& rules, const std::vector<Option>& own,
                                   const GivenOptions& given);

}  // namespace tool
