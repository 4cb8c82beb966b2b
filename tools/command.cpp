#include "command.h"

#include <cstdio>
#include <iostream>
#include <sstream>

#include <fmt/format.h>

namespace po = boost::program_options;

namespace tool {
namespace {

constexpr const char* operand_option = "operand";

po::options_description common_options(const Syntax& syntax) {
    po::options_description options;
    options.add(syntax.options);
    po::options_description common("Common options");
    if (syntax.reads_kernel)
        common.add_options()("vmlinux", po::value<std::string>()->value_name("FILE"),
                             "kernel image with debug information; without it the dump alone answers");
    if (syntax.has_json) common.add_options()("json", po::bool_switch(), "print JSON in place of text");
    if (syntax.has_ndjson)
        common.add_options()("ndjson", po::bool_switch(),
                             "print each item of the list as JSON on a line of its own");
    common.add_options()("help,h", po::bool_switch(), "print this help");
    options.add(common);
    return options;
}

std::string help(const Syntax& syntax, const po::options_description& options) {
    std::ostringstream shown;
    shown << options;
    return fmt::format(
        "Usage: postmortem {} [OPTIONS] {}\n\n{}\n{}\n"
        "Exit status: 0 whole answer, 1 partial answer, 2 wrong usage, 3 the input cannot be used.\n",
        syntax.name, syntax.operands, syntax.description, shown.str());
}

bool write_all(std::FILE* stream, const std::string& text) {
    return std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0 &&
           std::ferror(stream) == 0;
}

}  // namespace

int complain(const std::string& sentence, int exit_code) {
    fmt::print(stderr, "postmortem: {}\n", postmortem::escape_for_terminal(sentence));
    return exit_code;
}

Parsed parse(const Syntax& syntax, const std::vector<std::string>& arguments) {
    const po::options_description visible = common_options(syntax);
    po::options_description all;
    all.add(visible);
    all.add_options()(operand_option, po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add(operand_option, -1);

    Arguments parsed;
    try {
        namespace style = po::command_line_style;
        const int strict = style::unix_style & ~style::allow_guessing;
        po::store(po::command_line_parser(arguments).options(all).positional(positional).style(strict).run(),
                  parsed.options);
        po::notify(parsed.options);
    } catch (const po::error& error) {
        return {std::nullopt,
                complain(fmt::format("{0}: {1}; see `postmortem {0} --help`", syntax.name, error.what()))};
    }
    if (parsed.flag("help"))
        return {std::nullopt, write_all(stdout, help(syntax, visible)) ? whole_answer : unusable_input};

    if (parsed.has(operand_option))
        parsed.rest = parsed.options[operand_option].as<std::vector<std::string>>();
    if (parsed.rest.empty())
        return {std::nullopt, complain(fmt::format("{0}: no {1} is named; see `postmortem {0} --help`",
                                                   syntax.name, syntax.input))};
    parsed.dump = parsed.rest.front();
    parsed.rest.erase(parsed.rest.begin());
    if (parsed.rest.size() > syntax.most_operands)
        return {std::nullopt,
                complain(fmt::format("{0}: '{1}' is one argument too many; see `postmortem {0} --help`",
                                     syntax.name, parsed.rest[syntax.most_operands]))};
    if (parsed.has("vmlinux")) parsed.vmlinux = parsed.options["vmlinux"].as<std::string>();
    parsed.json = parsed.flag("json");
    parsed.ndjson = parsed.flag("ndjson");
    if (parsed.json && parsed.ndjson)
        return {std::nullopt,
                complain(fmt::format("{0}: --json and --ndjson exclude each other; see `postmortem {0} "
                                     "--help`",
                                     syntax.name))};
    return {std::move(parsed), whole_answer};
}

std::optional<postmortem::CrashDump> open_dump(const Arguments& arguments, int& exit_code) {
    postmortem::OpenOptions options;
    if (arguments.vmlinux) options.vmlinux = *arguments.vmlinux;
    auto dump = postmortem::CrashDump::open(arguments.dump, options);
    if (dump) return std::move(*dump);
    exit_code = complain(dump.error().message, unusable_input);
    return std::nullopt;
}

postmortem::Result<postmortem::PanicAnalysis> analyse(const Arguments& arguments, bool with_memory) {
    postmortem::CrashInputOptions options;
    if (arguments.vmlinux) options.dump.vmlinux = *arguments.vmlinux;
    options.with_memory = with_memory;
    return postmortem::analyse_crash(arguments.dump, options);
}

int refuse(const postmortem::Error& error) {
    return complain(postmortem::describe(error), unusable_input);
}

int finish(const std::string& answer, const postmortem::Problems& problems) {
    if (!write_all(stdout, answer))
        return complain("the answer could not be written to standard output", unusable_input);
    for (const postmortem::Error& problem : problems)
        fmt::print(stderr, "postmortem: missing: {}\n",
                   postmortem::escape_for_terminal(postmortem::describe(problem)));
    return problems.empty() ? whole_answer : partial_answer;
}

int finish(const postmortem::Error& error) {
    using postmortem::ErrorCode;
    const bool wrong_question = error.code == ErrorCode::NotFound || error.code == ErrorCode::InvalidArgument;
    return complain(postmortem::describe(error), wrong_question ? usage_error : unusable_input);
}

}  // namespace tool
