#include "option_rules.h"

#include <algorithm>

#include <fmt/format.h>

namespace tool {

std::string spelled(const std::vector<Option>& own, std::string_view name) {
    const auto option =
        std::find_if(own.begin(), own.end(), [&](const Option& each) { return long_name(each) == name; });
    const char letter = option == own.end() ? '\0' : letter_of(*option);
    if (letter != '\0') return fmt::format("-{}", letter);
    return option != own.end() && option->also ? option->also : fmt::format("--{}", name);
}

std::string any_of(const std::vector<Option>& own, const OptionRules::Names& names) {
    std::string list;
    for (const char* name : names) {
        if (!list.empty()) list += name == names.back() ? " or " : ", ";
        list += spelled(own, name);
    }
    return list;
}

namespace {

using Names = OptionRules::Names;

bool is_given(const GivenOptions& given, std::string_view name) {
    return given.texts.contains(name);
}

Names given_of(const Names& names, const GivenOptions& given) {
    Names found;
    for (const char* name : names)
        if (is_given(given, name)) found.push_back(name);
    return found;
}

std::string exclude_each_other(const std::vector<Option>& own, std::string_view one, std::string_view other) {
    return fmt::format("{} and {} exclude each other", spelled(own, one), spelled(own, other));
}

std::string broken_exclusion(const OptionRules& rules, const std::vector<Option>& own,
                             const GivenOptions& given) {
    std::vector<Names> lists = rules.exclusive;
    lists.push_back({"hex", "decimal"});
    for (const Names& list : lists)
        if (const Names both = given_of(list, given); both.size() > 1)
            return exclude_each_other(own, both[0], both[1]);
    return {};
}

std::string broken_solitude(const OptionRules& rules, const std::vector<Option>& own,
                            const GivenOptions& given) {
    for (const OptionRules::Alone& alone : rules.alone) {
        if (!is_given(given, alone.option)) continue;
        for (const Option& option : own) {
            const std::string_view other = long_name(option);
            const bool fits = other == alone.option ||
                              std::find(alone.but.begin(), alone.but.end(), other) != alone.but.end();
            if (!fits && is_given(given, other)) return exclude_each_other(own, alone.option, other);
        }
    }
    return {};
}

std::string missing_company(const OptionRules& rules, const std::vector<Option>& own,
                            const GivenOptions& given) {
    for (const OptionRules::OnlyWith& rule : rules.only_with)
        if (is_given(given, rule.option) && given_of(rule.any_of, given).empty())
            return fmt::format("{} goes with {} only", spelled(own, rule.option), any_of(own, rule.any_of));
    return {};
}

std::string missing_document(const OptionRules& rules, const std::vector<Option>& own,
                             const GivenOptions& given) {
    const Names told = given_of(rules.only_text, given), forms = given_of({"json", "ndjson"}, given);
    if (told.empty() || forms.empty()) return {};
    return fmt::format("{} is told as text only, without --{}", spelled(own, told[0]), forms[0]);
}

// Of several complaints the first.
std::string first_of(std::initializer_list<std::string> complaints) {
    for (const std::string& complaint : complaints)
        if (!complaint.empty()) return complaint;
    return {};
}

}  // namespace

std::string broken_rule(const OptionRules& rules, const std::vector<Option>& own, const GivenOptions& given,
                        const std::vector<std::string>& operands) {
    const Names about_all = given_of(rules.without_operands, given);
    return first_of({broken_solitude(rules, own, given), broken_exclusion(rules, own, given),
                     missing_company(rules, own, given), missing_document(rules, own, given),
                     about_all.empty() || operands.empty()
                         ? ""
                         : fmt::format("'{}' is one argument too many with {}", operands.front(),
                                       spelled(own, about_all[0]))});
}

std::string broken_rule_in_foreach(const OptionRules& rules, const std::vector<Option>& own,
                                   const GivenOptions& given) {
    const Names foreign = given_of(rules.not_in_foreach, given);
    return first_of({foreign.empty() ? "" : fmt::format("{} is not for foreach", spelled(own, foreign[0])),
                     broken_solitude(rules, own, given), broken_exclusion(rules, own, given),
                     missing_company(rules, own, given), missing_document(rules, own, given)});
}

}  // namespace tool
