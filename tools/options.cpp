#include "options.h"

#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/format.h>

namespace po = boost::program_options;

namespace tool {
namespace {

constexpr const char* operand_option = "operand";

const po::value_semantic* semantic_of(const Option& option) {
    switch (option.kind) {
        case Option::Kind::Switch: return po::bool_switch();
        case Option::Kind::Text: return po::value<std::string>()->value_name(option.value);
        case Option::Kind::Texts:
            return po::value<std::vector<std::string>>()->composing()->value_name(option.value);
        case Option::Kind::Number: break;
    }
    return po::value<std::int64_t>()->default_value(option.otherwise)->value_name(option.value);
}

enum class Hidden : bool { Left, Included };

po::options_description described(const char* caption, const std::vector<Option>& options, Hidden hidden) {
    po::options_description description(caption);
    for (const Option& option : options)
        if (!option.hidden || hidden == Hidden::Included)
            description.add_options()(option.name, semantic_of(option), option.meaning);
    return description;
}

po::options_description described(const std::vector<Option>& own, const std::vector<Option>& common,
                                  Hidden hidden) {
    po::options_description both;
    both.add(described("Options", own, hidden)).add(described("Common options", common, hidden));
    return both;
}

po::variables_map parse(const po::options_description& known, const std::vector<std::string>& words) {
    po::options_description all;
    all.add(known);
    all.add_options()(operand_option, po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add(operand_option, -1);
    namespace style = po::command_line_style;
    const int strict = style::unix_style & ~style::allow_guessing;
    po::variables_map parsed;
    po::store(po::command_line_parser(words).options(all).positional(positional).style(strict).run(), parsed);
    po::notify(parsed);
    return parsed;
}

// False where the value is none that the option takes.
bool take(const std::string& name, const po::variable_value& value, GivenOptions& given) {
    if (const auto* flag = boost::any_cast<bool>(&value.value())) {
        if (*flag) given.texts[name];
    } else if (const auto* word = boost::any_cast<std::string>(&value.value())) {
        given.texts[name] = {*word};
    } else if (const auto* list = boost::any_cast<std::vector<std::string>>(&value.value())) {
        (name == operand_option ? given.operands : given.texts[name]) = *list;
    } else {
        const auto number = value.as<std::int64_t>();
        if (number < 0) return false;
        given.numbers[name] = static_cast<std::uint64_t>(number);
    }
    return true;
}

}  // namespace

GivenOptions parse_options(const std::vector<Option>& own, const std::vector<Option>& common,
                           const std::vector<std::string>& words) {
    GivenOptions given;
    try {
        for (const auto& [name, value] : parse(described(own, common, Hidden::Included), words))
            if (!take(name, value, given)) given.wrong = fmt::format("--{} takes no negative number", name);
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
