#include <fmt/format.h>

#include <postmortem/expression.h>

#include "commands.h"
#include "crash_options.h"
#include "value_history.h"

namespace tool {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

Syntax p_syntax() {
    Syntax syntax{
        "DUMP EXPRESSION|SYMBOL[:CPUS]",
        "Prints the value of a C expression, as crash and gdb do: variables, members, casts, pointers,\n"
        "arithmetic. The types of per-CPU variables and functions are in the kernel's BTF, those of other\n"
        "variables are not, but for the best known: cast them, or give a vmlinux, whose debug information\n"
        "has them all.\n\n"
        "  postmortem p vmcore init_task.comm\n"
        "  postmortem p vmcore runqueues:a\n"
        "  postmortem p vmcore '((struct list_head *)&modules)->next'\n"
        "  postmortem p vmcore /x init_task.flags     in a format as gdb has them: /x /d /u /o /t /z /c /a "
        "/s /f\n"};
    syntax.shows_types = true;
    syntax.options = {on_or_off("hex,x", "numbers in hexadecimal"),
                      on_or_off("decimal,d", "numbers in decimal, as they are without this option"),
                      other_words()};
    return syntax;
}

// gdb's own way of saying it: "/x init_task.pid".
char format_before(std::string& expression) {
    if (expression.size() < 2 || expression[0] != '/') return 0;
    const char format = expression[1];
    expression.erase(0, std::max<std::size_t>(2, expression.find_first_not_of(" ", 2)));
    return format;
}

void remember(const postmortem::ExpressionResult& result) {
    for (const postmortem::ExpressionValue& value : result.values)
        if (!value.value.nodes.empty())
            ValueHistory::of_this_process().add(value.cpu ? fmt::format("{}:{}", result.symbol, *value.cpu)
                                                          : result.expression);
}

int ask_p(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    postmortem::ExpressionRequest request;
    if (!arguments.rest.empty())
        if (const auto why = why_refused("p", {arguments.rest.front()})) return output.complain("p: " + *why);
    request.expression = joined(arguments.rest);
    postmortem::ExpressionStyle style;
    style.hexadecimal = arguments.has("hex");
    style.format = format_before(request.expression);
    if (style.format != 0 && postmortem::value_formats.find(style.format) == std::string_view::npos)
        return output.complain(
            fmt::format("p: /{} is no format; there are {}", style.format, postmortem::value_formats));
    if (request.expression.empty()) return output.complain("p: no expression is given");
    request.history = ValueHistory::of_this_process().expressions();
    request.name_numbers = style.format == 'a';
    style.number = static_cast<std::uint32_t>(request.history.size()) + 1;
    auto result = postmortem::evaluate_expression(dump, request);
    if (!result) return output.finish(result.error());
    add_lost_pages(*result);
    output.expect_much();
    remember(*result);
    for (const std::string& warning : result->warnings) output.complain("p: " + warning);
    return output.finish(arguments.json ? to_json(*result) : to_text(*result, style), result->problems);
}

Syntax whatis_syntax() {
    Syntax syntax{
        "DUMP NAME",
        "Says what a name stands for: how a type is declared, of what type a variable is, what a function\n"
        "takes and returns.\n\n"
        "  postmortem whatis vmcore struct page\n"
        "  postmortem whatis vmcore task_struct.comm\n"
        "  postmortem whatis vmcore schedule\n"};
    syntax.shows_types = true;
    syntax.options = {on_or_off("offsets,o", "offsets of the members"),
                      on_or_off("hex,x", "numbers in hexadecimal"),
                      on_or_off("decimal,d", "numbers in decimal, as they are without this option")};
    return syntax;
}

int ask_whatis(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.rest.empty()) return output.complain("whatis: no name is given");
    auto answer = postmortem::what_is(dump, joined(arguments.rest));
    if (!answer) return output.finish(answer.error());
    add_lost_pages(*answer);
    postmortem::LayoutStyle style;
    style.offsets = arguments.has("offsets");
    style.hexadecimal = arguments.has("hex");
    return output.finish(arguments.json ? to_json(*answer) : to_text(*answer, style), answer->problems);
}

}  // namespace

const Command p_command = {"p", "the value of a C expression", p_syntax, ask_p, nullptr};
const Command whatis_command = {"whatis", "what a type, a variable or a function is", whatis_syntax,
                                ask_whatis, nullptr};

}  // namespace tool
