#include "options.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "nearest.h"

namespace po = boost::program_options;

namespace tool {

struct TimesGiven {
    std::size_t count = 0;
};

struct SwitchGiven {};

// Found by Boost through the argument's type. A switch may be given again, as in crash.
static void validate(boost::any& value, const std::vector<std::string>&, SwitchGiven*, int) {
    value = SwitchGiven();
}

static void validate(boost::any& value, const std::vector<std::string>&, TimesGiven*, int) {
    TimesGiven given;
    if (const auto* before = boost::any_cast<TimesGiven>(&value)) given = *before;
    ++given.count;
    value = given;
}

namespace {

constexpr const char* operand_option = "operand";

const po::value_semantic* semantic_of(const Option& option) {
    switch (option.kind) {
        case Option::Kind::Switch: return po::value<SwitchGiven>()->zero_tokens();
        case Option::Kind::Counted: return po::value<TimesGiven>()->zero_tokens();
        case Option::Kind::Text: return po::value<std::string>()->value_name(option.value);
        case Option::Kind::Texts:
            return po::value<std::vector<std::string>>()->composing()->value_name(option.value);
        case Option::Kind::Number:
        case Option::Kind::Words: break;
    }
    return po::value<std::int64_t>()->default_value(option.otherwise)->value_name(option.value);
}

enum class Hidden : bool { Left, Included };

po::options_description described(const char* caption, const std::vector<Option>& options, Hidden hidden) {
    po::options_description description(caption);
    for (const Option& option : options)
        if (option.kind != Option::Kind::Words && (!option.hidden || hidden == Hidden::Included))
            description.add_options()(option.name, semantic_of(option), option.meaning);
    return description;
}

// A letter that a command has for itself, as crash's `list -h`, is no common one.
po::options_description described(const std::vector<Option>& own, std::vector<Option> common, Hidden hidden) {
    std::vector<std::string> names(common.size());
    for (std::size_t i = 0; i < common.size(); ++i) {
        names[i] = long_name(common[i]);
        const char letter = letter_of(common[i]);
        const bool taken = letter != '\0' && std::any_of(own.begin(), own.end(), [&](const Option& option) {
                               return letter_of(option) == letter;
                           });
        if (taken) common[i].name = names[i].c_str();
    }
    po::options_description both;
    both.add(described("Options", own, hidden)).add(described("Common options", common, hidden));
    return both;
}

const Option* option_of(const std::string& word, const std::vector<Option>& own,
                        const std::vector<Option>& common) {
    for (const auto* list : {&own, &common})
        for (const Option& option : *list) {
            const std::string name = fmt::format("--{}", long_name(option));
            const bool is_long = word == name || word.starts_with(name + "=");
            if (is_long || (word.size() == 2 && word[0] == '-' && word[1] == letter_of(option)))
                return &option;
        }
    return nullptr;
}

// Letters of switches behind one dash: "-bl".
bool are_switches(const std::string& word, const std::vector<Option>& own,
                  const std::vector<Option>& common) {
    if (word.size() < 3 || word[0] != '-' || word[1] == '-') return false;
    return std::all_of(word.begin() + 1, word.end(), [&](char letter) {
        const Option* option = option_of({'-', letter}, own, common);
        return option != nullptr && option->kind == Option::Kind::Switch;
    });
}

// Options first, then the operands: some of these begin with a dash, too.
std::vector<std::string> with_operands_last(const std::vector<Option>& own, const std::vector<Option>& common,
                                            const std::vector<std::string>& words) {
    std::vector<std::string> options, operands;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--") {
            operands.insert(operands.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
            break;
        }
        const Option* option = option_of(words[i], own, common);
        if (option == nullptr && !are_switches(words[i], own, common)) {
            operands.push_back(words[i]);
            continue;
        }
        options.push_back(words[i]);
        const bool takes_next = option != nullptr && option->kind != Option::Kind::Switch &&
                                words[i].find('=') == std::string::npos;
        if (takes_next && i + 1 < words.size()) options.push_back(words[++i]);
    }
    options.emplace_back("--");
    options.insert(options.end(), operands.begin(), operands.end());
    return options;
}

bool takes_value(const Option& option) {
    return option.kind != Option::Kind::Switch && option.kind != Option::Kind::Counted;
}

bool is_negative_number(std::string_view word) {
    return word.size() > 1 && word[0] == '-' && word[1] >= '0' && word[1] <= '9';
}

// What stands behind an option that takes a value is its value, also where it looks like an option: `rd -o
// -8`.
void attach_negative_values(const std::vector<Option>& own, const std::vector<Option>& common,
                            std::vector<std::string>& words) {
    for (std::size_t i = 0; i + 1 < words.size() && words[i] != "--"; ++i) {
        const Option* option = option_of(words[i], own, common);
        const bool waits =
            option != nullptr && takes_value(*option) && words[i].find('=') == std::string::npos;
        if (!waits || !is_negative_number(words[i + 1])) continue;
        words[i] = fmt::format("--{}={}", long_name(*option), words[i + 1]);
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
}

// "-16" is --bytes-2, "-S=3" is --objects-on=3.
std::string written_out(const Option& option, const std::string& word) {
    const std::string_view also = option.also;
    if (word == also && !also.ends_with('=')) return fmt::format("--{}", long_name(option));
    if (also.ends_with('=') && word.starts_with(also))
        return fmt::format("--{}={}", long_name(option), std::string_view(word).substr(also.size()));
    return word;
}

std::vector<std::string> arranged(const std::vector<Option>& own, const std::vector<Option>& common,
                                  std::vector<std::string> words) {
    attach_negative_values(own, common, words);
    for (std::string& word : words)
        for (const Option& option : own)
            if (option.also != nullptr) word = written_out(option, word);
    const bool has_others = std::any_of(
        own.begin(), own.end(), [](const Option& option) { return option.kind == Option::Kind::Words; });
    return has_others ? with_operands_last(own, common, words) : words;
}

po::variables_map parse(const po::options_description& known, const std::vector<std::string>& words,
                        std::vector<std::string>& order) {
    po::options_description all;
    all.add(known);
    all.add_options()(operand_option, po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add(operand_option, -1);
    namespace style = po::command_line_style;
    const int strict = style::unix_style & ~style::allow_guessing;
    po::variables_map parsed;
    const auto found = po::command_line_parser(words).options(all).positional(positional).style(strict).run();
    for (const auto& option : found.options) order.push_back(option.string_key);
    po::store(found, parsed);
    po::notify(parsed);
    return parsed;
}

// "-Q": the letter that differs in case alone, or else all that the command has.
std::string other_letters(const std::vector<Option>& own, char letter) {
    std::string all;
    for (const Option& option : own) {
        const char known = option.hidden ? '\0' : letter_of(option);
        if (known == '\0') continue;
        if (std::tolower(static_cast<unsigned char>(known)) ==
            std::tolower(static_cast<unsigned char>(letter)))
            return fmt::format("; there is -{}, --{}", known, long_name(option));
        all += fmt::format(" -{}", known);
    }
    return all.empty() ? "" : fmt::format("; there {}{}", all.size() > 3 ? "are" : "is", all);
}

std::string unknown_option(const std::vector<Option>& own, const std::vector<Option>& common,
                           const std::string& word) {
    std::string hint;
    if (word.starts_with("--")) {
        std::vector<std::string> names;
        for (const auto* list : {&own, &common})
            for (const Option& option : *list)
                if (!option.hidden) names.emplace_back(long_name(option));
        if (const std::string nearest = nearest_of(word.substr(2), names); !nearest.empty())
            hint = fmt::format("; the nearest is --{}", nearest);
    } else if (word.size() > 1) {
        hint = other_letters(own, word[1]);
    }
    return fmt::format("unrecognised option '{}'{}", word, hint);
}

// False where the value is none that the option takes.
bool take(const std::string& name, const po::variable_value& value, GivenOptions& given) {
    if (boost::any_cast<SwitchGiven>(&value.value()) != nullptr) {
        given.texts[name];
    } else if (const auto* times = boost::any_cast<TimesGiven>(&value.value())) {
        given.texts[name].assign(times->count, "");
    } else if (const auto* word = boost::any_cast<std::string>(&value.value())) {
        given.texts[name] = {*word};
    } else if (const auto* list = boost::any_cast<std::vector<std::string>>(&value.value())) {
        (name == operand_option ? given.operands : given.texts[name]) = *list;
    } else {
        const auto number = value.as<std::int64_t>();
        if (number < 0) return false;
        given.numbers[name] = static_cast<std::uint64_t>(number);
        if (!value.defaulted()) given.texts[name];
    }
    return true;
}

}  // namespace

std::string_view long_name(const Option& option) {
    const std::string_view name(option.name);
    return name.substr(0, name.find(','));
}

char letter_of(const Option& option) {
    const std::string_view name(option.name);
    const auto comma = name.find(',');
    return comma == name.npos ? '\0' : name[comma + 1];
}

GivenOptions parse_options(const std::vector<Option>& own, const std::vector<Option>& common,
                           const std::vector<std::string>& words) {
    GivenOptions given;
    try {
        for (const auto& [name, value] :
             parse(described(own, common, Hidden::Included), arranged(own, common, words), given.order))
            if (!take(name, value, given)) given.wrong = fmt::format("--{} takes no negative number", name);
    } catch (const po::unknown_option& error) {
        given.wrong = unknown_option(own, common, error.get_option_name());
    } catch (const po::error& error) {
        given.wrong = error.what();
    }
    return given;
}

std::string help_of(const std::vector<Option>& own, const std::vector<Option>& common) {
    std::ostringstream shown;
    shown << described(own, common, Hidden::Left);
    return shown.str();
}

}  // namespace tool
