#include <charconv>

#include <postmortem/kernel_memory.h>
#include <postmortem/memory_layout.h>
#include <postmortem/numbers.h>
#include <postmortem/slab_contents.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::KernelMemoryRequest;

Syntax syntax() {
    Syntax syntax{"DUMP [CACHE...|ADDRESS]",
                  "Shows the kernel's memory as crash does: totals, slab caches, zones, counters; given an "
                  "address or a\n"
                  "symbol, what lies there.\n\n"
                  "  postmortem kmem -i vmcore\n"
                  "  postmortem kmem -s vmcore task_struct dentry\n"
                  "  postmortem kmem vmcore ffff888c41200010\n"};
    syntax.options = {
        on_or_off("info,i", "totals: memory, huge pages, swap, commitments"),
        on_or_off("slab,s", "the slab caches, or those that are named"),
        on_or_off("objects,S", "the slabs and every object of all caches, or of those that are named"),
        on_or_off("zones,z", "the zones with their counters"),
        on_or_off("vm-stat,V", "the counters of the whole machine"),
        on_or_off("per-cpu,o", "where each CPU keeps its variables"),
        on_or_off("flags,g", "the page flags, or those of the number that is named"),
        on_or_off("huge,h", "the pools of huge pages"),
        on_or_off("vmalloc,v", "the vmalloc areas"),
        on_or_off("free,f", "the lists of free blocks, zone by zone, counted"),
        on_or_off("nodes,n", "the nodes, sections and blocks of memory"),
        on_or_off("page,p", "the page at an address, and nothing else; without an address every page")};
    return syntax;
}

std::optional<std::uint64_t> hexadecimal(std::string_view word) {
    if (word.starts_with("0x")) word.remove_prefix(2);
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number, 16);
    return error == std::errc() && rest == word.data() + word.size() && !word.empty() ? std::optional(number)
                                                                                      : std::nullopt;
}

// What is wrong with the words, as a sentence; empty where nothing is.
std::string take_kmem_words(const postmortem::CrashDump& dump, const Arguments& arguments,
                            KernelMemoryRequest& request) {
    std::vector<std::string> words = arguments.rest;
    if (request.page_flags && !words.empty()) {
        request.flags = hexadecimal(words.front());
        return request.flags ? "" : "'" + words.front() + "' is no hexadecimal number of flags";
    }
    if (request.slabs && !words.empty() && !hexadecimal(words.front())) {
        request.caches = words;
        return {};
    }
    if (words.empty()) return {};
    request.slabs = false;
    const auto address = hexadecimal(words.front());
    const auto symbol = address ? postmortem::Result<postmortem::EvaluatedNumber>()
                                : postmortem::evaluate_number(dump, words.front());
    if (!address && !symbol) return "'" + words.front() + "' is neither an address nor a symbol";
    request.address = address ? *address : symbol->value;
    return {};
}

int ask_objects(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const auto contents = postmortem::slab_contents(dump, {arguments.rest});
    if (!contents) return output.finish(contents.error());
    output.expect_much();
    return print(arguments, *contents, output);
}

// Piece by piece: there are as many as the machine has pages.
int ask_pages(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    output.expect_much();
    if (arguments.json) return print(arguments, postmortem::page_list(dump), output);
    constexpr std::size_t enough = 1 << 16;
    std::string text = postmortem::page_list_heading();
    const auto problems = postmortem::visit_pages(dump, [&](const postmortem::PageRow& row) {
        text += postmortem::page_list_line(row);
        if (text.size() < enough) return true;
        const bool going_on = output.write(text);
        text.clear();
        return going_on;
    });
    return output.finish(text, problems);
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("objects")) return ask_objects(dump, arguments, output);
    if (arguments.has("free")) {
        if (!arguments.rest.empty()) return output.complain("kmem: -f takes no address; `kmem ADDRESS` tells the page");
        return print(arguments, postmortem::free_memory(dump), output);
    }
    if (arguments.has("nodes")) return print(arguments, postmortem::memory_layout(dump), output);
    if (arguments.has("page") && arguments.rest.empty()) return ask_pages(dump, arguments, output);
    KernelMemoryRequest request;
    request.totals = arguments.has("info");
    request.slabs = arguments.has("slab");
    request.zones = arguments.has("zones");
    request.counters = arguments.has("vm-stat");
    request.per_cpu = arguments.has("per-cpu");
    request.page_flags = arguments.has("flags");
    request.huge_pages = arguments.has("huge");
    request.vmalloc = arguments.has("vmalloc");
    request.page_alone = arguments.has("page");
    const int options = request.totals + request.slabs + request.zones + request.counters + request.per_cpu +
                        request.page_flags + request.huge_pages + request.vmalloc;
    if (options == 0 && arguments.rest.empty())
        return output.complain(
            "kmem: say what to show: an option or an address; see `postmortem kmem --help`");
    if (const std::string wrong = take_kmem_words(dump, arguments, request); !wrong.empty())
        return output.complain("kmem: " + wrong);
    const auto memory = postmortem::kernel_memory(dump, request);
    if (!memory) return output.finish(memory.error());
    return print(arguments, *memory, output);
}

}  // namespace

const Command kmem_command = {"kmem", "the kernel's memory, and what lies at an address", syntax, ask,
                              nullptr};

}  // namespace tool
