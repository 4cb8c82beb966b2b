#include <charconv>

#include <fmt/format.h>

#include <postmortem/memory_search.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::MemorySearchRequest;

std::optional<std::uint64_t> number_in(const std::string& word, int base) {
    std::string_view digits = word;
    if (digits.starts_with("0x")) {
        digits.remove_prefix(2);
        base = 16;
    }
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    return error == std::errc() && !digits.empty() && rest == digits.data() + digits.size()
               ? std::optional(number)
               : std::nullopt;
}

Syntax syntax() {
    Syntax syntax{
        "DUMP VALUE...",
        "Looks for values in the kernel's memory: hexadecimal numbers, symbols, expressions in brackets.\n\n"
        "  postmortem search vmcore -s ffffffffa0e00000 -e ffffffffa0f00000 init_task\n"
        "  postmortem search vmcore -c 'swapper/0'\n"
        "  postmortem search vmcore -u --task 1 deadbeef\n"};
    syntax.has_ndjson = true;
    syntax.options = {
        on_or_off("kernel,k", "all that the kernel maps, as without this option"),
        on_or_off("linear,K", "of that the direct map and the kernel's image alone"),
        on_or_off("mapped,V", "of that what vmalloc() and modules have, and the page structs"),
        on_or_off("user,u", "what a task maps: the one that brought the kernel down, or --task"),
        text("task", "PID|TASK", "whose memory -u searches"),
        on_or_off("physical,p", "physical memory"),
        on_or_off("stacks,t", "the kernel stack of each task"),
        on_or_off("active-stacks,T", "of each task that a CPU was running"),
        text("start,s", "ADDRESS", "from this address or symbol on"),
        text("end,e", "ADDRESS", "up to this address or symbol"),
        text("length,l", "BYTES", "so many bytes (in hexadecimal after 0x)"),
        text("mask,m", "MASK", "bits that make no difference, in hexadecimal"),
        on_or_off("text,c", "look for strings in place of values"),
        on_or_off("words,w", "values of 32 bits"),
        on_or_off("halves,h", "values of 16 bits"),
        text("context,x", "COUNT", "so many values before and behind each, too")};
    syntax.rules.covers = {{"linear", {"kernel"}}, {"mapped", {"kernel"}}};
    syntax.rules.exclusive = {{"kernel", "linear", "mapped", "user", "physical", "stacks", "active-stacks"},
                              {"end", "length"},
                              {"text", "words", "halves"},
                              {"text", "mask"},
                              {"text", "context"},
                              {"stacks", "start"},
                              {"stacks", "end"},
                              {"stacks", "length"},
                              {"active-stacks", "start"},
                              {"active-stacks", "end"},
                              {"active-stacks", "length"}};
    syntax.rules.only_with = {{"task", {"user"}}};
    return syntax;
}

struct Place {
    const char* option;
    MemorySearchRequest::Where where;
};

void take_place(const Arguments& arguments, MemorySearchRequest& request) {
    using Where = MemorySearchRequest::Where;
    constexpr Place places[] = {{"kernel", Where::Kernel},
                                {"linear", Where::Linear},
                                {"mapped", Where::Mapped},
                                {"user", Where::User},
                                {"physical", Where::Physical},
                                {"stacks", Where::Stacks},
                                {"active-stacks", Where::ActiveStacks}};
    for (const Place& place : places)
        if (arguments.has(place.option)) request.where = place.where;
    if (!arguments.context.empty()) request.whose.selectors = {arguments.context};
    if (arguments.has("task")) request.whose.selectors = {arguments.text("task")};
}

// What is wrong with the words, as a sentence; empty where nothing is.
std::string take_search_words(const Arguments& arguments, MemorySearchRequest& request) {
    if (arguments.rest.empty()) return "nothing to look for is named; see `postmortem search --help`";
    (arguments.has("text") ? request.strings : request.values) = arguments.rest;
    take_place(arguments, request);
    if (arguments.has("length")) {
        request.length = number_in(arguments.text("length"), 10);
        if (!request.length) return "'" + arguments.text("length") + "' is no number of bytes";
        if (*request.length == 0) request.length.reset();
    }
    if (arguments.has("mask")) {
        const auto mask = number_in(arguments.text("mask"), 16);
        if (!mask) return "'" + arguments.text("mask") + "' is no hexadecimal mask";
        request.mask = *mask;
    }
    if (arguments.has("context")) {
        const auto count = number_in(arguments.text("context"), 10);
        if (!count || *count > 1024) return "'" + arguments.text("context") + "' is no number of values";
        request.context = static_cast<std::size_t>(*count);
    }
    return {};
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    MemorySearchRequest request;
    if (const std::string wrong = take_search_words(arguments, request); !wrong.empty())
        return output.complain("search: " + wrong);
    request.start = arguments.text("start");
    request.end = arguments.text("end");
    request.unit = arguments.has("halves") ? 2 : arguments.has("words") ? 4 : 0;
    const auto found = postmortem::search_memory(dump, request);
    if (!found) return output.finish(found.error());
    output.expect_much();
    if (arguments.has("length") && !request.length)
        output.complain("search: -l makes no difference where it is 0");
    if (found->rounded_start)
        output.complain(fmt::format("search: from {:x} on, where a word begins", *found->rounded_start));
    return print(arguments, *found, output);
}

}  // namespace

const Command search_command = {"search", "where values or strings lie in memory", syntax, ask, nullptr};

}  // namespace tool
