#include "passed_over.h"

#include <algorithm>

#include <fmt/format.h>

namespace tool {
namespace {

using Names = OptionRules::Names;

class PassingOver {
  public:
    PassingOver(const std::vector<Option>& own, GivenOptions& given, std::vector<std::string>& operands)
        : own_(own), given_(given), operands_(operands) {}

    // All but the first of these that was given.
    void keep_one(const Names& names) {
        const auto kept =
            std::find_if(names.begin(), names.end(), [&](const char* name) { return has(name); });
        if (kept == names.end()) return;
        for (auto other = kept + 1; other != names.end(); ++other) drop(*other, beside(*kept));
    }

    void apply(const OptionRules::Covers& rule) {
        if (!has(rule.option)) return;
        for (const Option& option : own_) {
            const std::string_view other = long_name(option);
            const bool listed = std::find(rule.others.begin(), rule.others.end(), other) != rule.others.end();
            if (other != rule.option && (listed || rule.others.empty())) drop(other, beside(rule.option));
        }
    }

    void apply(const OptionRules::OnlyWith& rule) {
        if (std::none_of(rule.any_of.begin(), rule.any_of.end(), [&](const char* name) { return has(name); }))
            drop(rule.option, "without " + any_of(own_, rule.any_of));
    }

    void drop_operands(const char* option) {
        if (!has(option) || operands_.empty()) return;
        say(fmt::format("'{}'", operands_.front()), beside(option));
        operands_.clear();
    }

    void drop_beside_operands(const char* option) {
        if (!operands_.empty()) drop(option, fmt::format("beside '{}'", operands_.front()));
    }

    void drop_surplus(std::size_t most) {
        if (operands_.size() <= most) return;
        say(fmt::format("'{}'", operands_[most]), "");
        operands_.resize(most);
    }

    // In the order in which they were given.
    Names as_given(const Names& names) const {
        Names given = names;
        const auto place = [&](const char* name) {
            return std::find(given_.order.begin(), given_.order.end(), name);
        };
        std::stable_sort(given.begin(), given.end(),
                         [&](const char* one, const char* other) { return place(one) < place(other); });
        return given;
    }

    std::vector<std::string> take_sentences() { return std::move(sentences_); }

  private:
    bool has(std::string_view name) const { return given_.texts.contains(name); }
    std::string beside(std::string_view name) const { return "beside " + spelled(own_, name); }

    void say(const std::string& what, const std::string& where) {
        sentences_.push_back(
            fmt::format("{} makes no difference{}{}", what, where.empty() ? "" : " ", where));
    }

    void drop(std::string_view name, const std::string& where) {
        const auto found = given_.texts.find(name);
        if (found == given_.texts.end()) return;
        say(spelled(own_, name), where);
        given_.texts.erase(found);
    }

    const std::vector<Option>& own_;
    GivenOptions& given_;
    std::vector<std::string>& operands_;
    std::vector<std::string> sentences_;
};

}  // namespace

std::vector<std::string> pass_over(const OptionRules& rules, const std::vector<Option>& own,
                                   GivenOptions& given, std::vector<std::string>& operands) {
    PassingOver passing(own, given, operands);
    for (const OptionRules::Covers& rule : rules.covers) passing.apply(rule);
    for (const Names& names : rules.ranks) passing.keep_one(names);
    for (const Names& names : rules.first_given) passing.keep_one(passing.as_given(names));
    for (const Names& names : rules.last_given) {
        Names latest_first = passing.as_given(names);
        std::reverse(latest_first.begin(), latest_first.end());
        passing.keep_one(latest_first);
    }
    for (const OptionRules::OnlyWith& rule : rules.idle_without) passing.apply(rule);
    for (const char* option : rules.drops_operands) passing.drop_operands(option);
    for (const char* option : rules.yields_to_operands) passing.drop_beside_operands(option);
    if (rules.surplus_from) passing.drop_surplus(*rules.surplus_from);
    return passing.take_sentences();
}

}  // namespace tool
