// Commands about numbers and addresses.
#include <postmortem/numbers.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::AddressConversion;

std::string all_words(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

Syntax eval_syntax() {
    Syntax syntax{"DUMP EXPRESSION",
                  "Evaluates an expression of numbers and symbols in 64 bits, and shows it in hexadecimal, "
                  "decimal, octal\n"
                  "and binary. Numbers that cannot be decimal are hexadecimal; k, m and g multiply them.\n\n"
                  "  postmortem eval vmcore '128 * 1m'\n"
                  "  postmortem eval vmcore -b init_task + 8\n"};
    syntax.options = {on_or_off("bits,b", "which bits are set, too"),
                      on_or_off("long,l", "64 bits, as without this option"), other_words()};
    return syntax;
}

int ask_eval(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.rest.empty()) return output.complain("eval: no expression is given");
    const auto number = postmortem::evaluate_number(dump, all_words(arguments.rest));
    if (!number) return output.finish(number.error());
    return output.finish(arguments.json ? to_json(*number) : to_text(*number, arguments.has("bits")), {});
}

Syntax ascii_syntax() {
    Syntax syntax{"[VALUE...]",
                  "Shows the bytes of hexadecimal values as characters, or the chart of all characters.\n\n"
                  "  postmortem ascii 62696c2f7273752f\n"};
    syntax.reads_kernel = false;
    syntax.needs_input = false;
    syntax.has_json = false;
    return syntax;
}

int show_ascii(const Arguments& arguments, Output& output) {
    if (arguments.rest.empty()) return output.finish(postmortem::ascii_chart(), {});
    const auto shown = postmortem::ascii_text(arguments.rest);
    return shown ? output.finish(*shown, {}) : output.finish(shown.error());
}

int convert(AddressConversion conversion, const postmortem::CrashDump& dump, const Arguments& arguments,
            Output& output) {
    if (arguments.rest.empty()) return output.complain("no address is given");
    const auto converted = postmortem::convert_addresses(dump, conversion, arguments.rest);
    if (!converted) return output.finish(converted.error());
    return print(arguments, *converted, output);
}

Syntax btop_syntax() {
    return {"DUMP ADDRESS...",
            "Says in which page frame a physical address lies.\n\n  postmortem btop vmcore 512a000\n"};
}

Syntax ptob_syntax() {
    return {"DUMP FRAME...",
            "Says at which physical address a page frame begins.\n\n  postmortem ptob vmcore 0x512a\n"};
}

Syntax ptov_syntax() {
    return {"DUMP ADDRESS|OFFSET:CPUS...",
            "Says where in the kernel's direct map a physical address lies, or where CPUs keep the per-CPU\n"
            "variable with that offset.\n\n"
            "  postmortem ptov vmcore 56e000\n"
            "  postmortem ptov vmcore 15140:a\n"};
}

int ask_btop(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return convert(AddressConversion::ByteToPage, dump, arguments, output);
}
int ask_ptob(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return convert(AddressConversion::PageToByte, dump, arguments, output);
}
int ask_ptov(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return convert(AddressConversion::PhysicalToVirtual, dump, arguments, output);
}

}  // namespace

const Command eval_command = {"eval", "a number in all forms", eval_syntax, ask_eval, nullptr};
const Command ascii_command = {"ascii", "numbers as characters", ascii_syntax, nullptr, show_ascii};
const Command btop_command = {"btop", "a physical address as a page frame", btop_syntax, ask_btop, nullptr};
const Command ptob_command = {"ptob", "a page frame as a physical address", ptob_syntax, ask_ptob, nullptr};
const Command ptov_command = {"ptov", "a physical address in the direct map", ptov_syntax, ask_ptov, nullptr};

}  // namespace tool
