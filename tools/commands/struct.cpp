#include <charconv>

#include <postmortem/struct_view.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::StructRequest;

std::optional<std::int64_t> instance_count(const std::string& text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && rest == end && number != 0 ? std::optional(number) : std::nullopt;
}

// What is wrong with the words, as a sentence; empty where nothing is.
std::string take_struct_words(const Arguments& arguments, StructRequest& request) {
    if (arguments.rest.empty()) return "no type is named, such as task_struct or task_struct.pid,comm";
    request.type = arguments.rest[0];
    if (arguments.rest.size() > 1) request.at = arguments.rest[1];
    if (arguments.has("count") && arguments.rest.size() > 2) return "the count is given twice";
    const std::string count = arguments.has("count")      ? arguments.text("count")
                              : arguments.rest.size() > 2 ? arguments.rest[2]
                                                          : "";
    if (request.at.empty() && arguments.has("member")) return "-l needs an address";
    if (request.at.empty() && arguments.has("pointers")) return "-p needs an address";
    if (count.empty()) return {};
    const auto number = instance_count(count);
    if (!number) return "'" + count + "' is no count of instances";
    if (request.at.empty()) return "a count needs an address";
    request.count = *number;
    return {};
}

Syntax struct_syntax() {
    Syntax syntax{
        "DUMP TYPE[.MEMBER,...] [ADDRESS|SYMBOL][:CPUS] [COUNT]",
        "Shows how a struct or union is laid out or, given an address or a symbol, what an instance of it\n"
        "holds, as crash and gdb print it. A member may be a path (se.load.weight) or an element "
        "(pid_links[1]).\n\n"
        "  postmortem struct vmcore task_struct -o\n"
        "  postmortem struct vmcore task_struct.pid,comm init_task\n"
        "  postmortem struct vmcore rq.nr_running runqueues:a\n"
        "  postmortem struct vmcore module -l module.list ffffffffc064f5c8\n"};
    syntax.most_operands = 3;
    syntax.shows_types = true;
    syntax.options = {
        on_or_off("offsets,o", "offsets of the members; of an instance, their addresses"),
        text("member,l", "MEMBER", "the address is of this member (task_struct.tasks), or so many bytes in"),
        on_or_off("raw,r", "the words that it consists of"),
        on_or_off("pointers,p", "what members that are pointers point at, too"),
        on_or_off("hex,x", "numbers in hexadecimal"),
        on_or_off("decimal,d", "numbers in decimal, as they are without this option"),
        text("count,c", "COUNT", "so many instances; a negative count ends at the address")};
    syntax.rules.ranks = {{"offsets", "raw", "pointers"}};
    return syntax;
}

int show_struct(StructRequest::Kind kind, const postmortem::CrashDump& dump, const Arguments& arguments,
                Output& output) {
    StructRequest request;
    request.kind = kind;
    if (const std::string wrong = take_struct_words(arguments, request); !wrong.empty())
        return output.complain("struct: " + wrong);
    request.offsets = arguments.has("offsets");
    request.raw = arguments.has("raw");
    request.pointers = arguments.has("pointers");
    request.member = arguments.text("member");
    auto view = postmortem::struct_view(dump, request);
    if (!view) return output.finish(view.error());
    add_lost_pages(*view);
    output.expect_much();
    const postmortem::StructStyle style{arguments.has("hex"), request.offsets, request.pointers};
    return output.finish(arguments.json ? to_json(*view) : to_text(*view, style), view->problems);
}

int ask_struct(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return show_struct(StructRequest::Kind::Struct, dump, arguments, output);
}

int ask_union(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return show_struct(StructRequest::Kind::Union, dump, arguments, output);
}

int ask_either(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return show_struct(StructRequest::Kind::Any, dump, arguments, output);
}

}  // namespace

const Command struct_command = {"struct", "the layout of a struct, or what one holds", struct_syntax,
                                ask_struct, nullptr};
const Command union_command = {"union", "the same of a union", struct_syntax, ask_union, nullptr};
const Command star_command = {"*", nullptr, struct_syntax, ask_either, nullptr};

}  // namespace tool
