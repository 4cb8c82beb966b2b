#include <algorithm>
#include <charconv>

#include <postmortem/kernel_memory.h>
#include <postmortem/memory_layout.h>
#include <postmortem/numbers.h>
#include <postmortem/page_members.h>
#include <postmortem/slab_contents.h>

#include "commands.h"
#include "cpu_list.h"

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
        switch_as("-i=shared", "shared",
                  "the same, and how many pages have several users: reads every struct page (-i=shared)"),
        on_or_off("slab,s", "the slab caches, or those that are named"),
        on_or_off("objects,S",
                  "the slabs and every object of all caches, of those that are named, or of the slab at an "
                  "address"),
        value_as("-S=", "objects-on", "CPUS",
                 "the same, of CPUs' slabs those of these: 3, or 1,8,9-14 (-S=3)"),
        texts("ignore,I", "CACHE[,CACHE...]", "with -s and -S: of these caches the name alone"),
        on_or_off("zones,z", "the zones with their counters"),
        on_or_off("vm-stat,V", "the counters of the whole machine"),
        on_or_off("per-cpu,o", "where each CPU keeps its variables"),
        on_or_off("flags,g", "the page flags, or those of the number that is named"),
        on_or_off("huge,h", "the pools of huge pages"),
        on_or_off("vmalloc,v", "the vmalloc areas"),
        on_or_off("free,f",
                  "the lists of free blocks, zone by zone, counted; or the block that an address lies in"),
        on_or_off("free-pages,F", "the same lists, with the first struct page of each block"),
        on_or_off("nodes,n", "the nodes, sections and blocks of memory"),
        on_or_off("page,p", "the page at an address, and nothing else; without an address every page"),
        texts("members,m", "MEMBER[,MEMBER...]",
              "these members of every struct page, or of the page at an address"),
        on_or_off("physical,P", "the address is a physical one")};
    syntax.shows_types_with = {"members"};
    syntax.rules.last_given = {{"slab", "objects"}};
    syntax.rules.covers = {{"members", {"page"}}};
    syntax.rules.alone = {{"objects", {"ignore"}}, {"objects-on", {"ignore"}}, {"free", {"physical"}},
                          {"free-pages"},          {"page", {"physical"}},     {"members", {"physical"}}};
    syntax.rules.only_with = {{"ignore", {"slab", "objects", "objects-on"}}};
    syntax.rules.without_operands = {"info",    "shared", "zones",      "vm-stat",
                                     "per-cpu", "huge",   "free-pages", "nodes"};
    return syntax;
}

std::optional<std::uint64_t> hexadecimal(std::string_view word) {
    if (word.starts_with("0x")) word.remove_prefix(2);
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number, 16);
    return error == std::errc() && rest == word.data() + word.size() && !word.empty() ? std::optional(number)
                                                                                      : std::nullopt;
}

// One of several answers needs an address: which part of what is known of it.
postmortem::AddressPart part_of(const Arguments& arguments) {
    using postmortem::AddressPart;
    if (arguments.has("page")) return AddressPart::Page;
    if (arguments.has("slab")) return AddressPart::Slab;
    if (arguments.has("vmalloc")) return AddressPart::Vmalloc;
    return arguments.has("free") ? AddressPart::Free : AddressPart::All;
}

std::vector<std::string> names_in(const std::vector<std::string>& lists) {
    std::vector<std::string> names;
    for (const std::string& list : lists)
        for (std::size_t from = 0; from <= list.size();) {
            const std::size_t comma = std::min(list.find(',', from), list.size());
            if (comma > from) names.push_back(list.substr(from, comma - from));
            from = comma + 1;
        }
    return names;
}

// What is wrong with the word, as a sentence; empty where nothing is.
std::string take_address(const postmortem::CrashDump& dump, const std::string& word,
                         std::optional<std::uint64_t>& place) {
    const auto address = hexadecimal(word);
    const auto symbol =
        address ? postmortem::Result<postmortem::EvaluatedNumber>() : postmortem::evaluate_number(dump, word);
    if (!address && !symbol) return "'" + word + "' is neither an address nor a symbol";
    place = address ? *address : symbol->value;
    return {};
}

bool asks_for_objects(const Arguments& arguments) {
    return arguments.has("objects") || arguments.has("objects-on");
}

// `kmem -s list`, and the same with -S: the names of the caches alone.
bool asks_for_names(const Arguments& arguments) {
    return arguments.rest == std::vector<std::string>{"list"};
}

// The same of all words.
std::string take_kmem_words(const postmortem::CrashDump& dump, const Arguments& arguments,
                            KernelMemoryRequest& request) {
    const std::vector<std::string>& words = arguments.rest;
    request.part = part_of(arguments);
    request.physical = arguments.has("physical");
    if (request.page_flags && !words.empty()) {
        request.flags = hexadecimal(words.front());
        return request.flags ? "" : "'" + words.front() + "' is no hexadecimal number of flags";
    }
    if (request.slabs && asks_for_names(arguments)) return request.names_alone = true, "";
    if (request.slabs && !words.empty() && !hexadecimal(words.front())) {
        request.caches = words;
        return {};
    }
    if (words.empty()) return {};
    request.slabs = request.vmalloc = false;
    return take_address(dump, words.front(), request.address);
}

int ask_objects(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    postmortem::SlabContentsRequest request{arguments.rest, names_in(arguments.texts("ignore")), {}};
    if (arguments.has("objects-on")) {
        const auto cpus = cpus_of(arguments.text("objects-on"));
        if (!cpus)
            return output.complain("kmem: -S= takes CPUs such as 3 or 1,8,9-14, not '" +
                                   arguments.text("objects-on") + "'");
        request.cpus = *cpus;
    }
    if (!arguments.rest.empty()) request.at = hexadecimal(arguments.rest.front());
    const auto contents = postmortem::slab_contents(dump, request);
    if (!contents) return output.finish(contents.error());
    output.expect_much();
    return print(arguments, *contents, output);
}

// Once there is enough of it. False where nobody reads on.
bool write_in_pieces(std::string& text, Output& output) {
    constexpr std::size_t enough = 1 << 16;
    if (text.size() < enough) return true;
    const bool going_on = output.write(text);
    text.clear();
    return going_on;
}

// Piece by piece: there are as many as the machine has pages.
int ask_pages(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    output.expect_much();
    if (arguments.json) return print(arguments, postmortem::page_list(dump), output);
    std::string text = postmortem::page_list_heading();
    const auto problems = postmortem::visit_pages(dump, [&](const postmortem::PageRow& row) {
        text += postmortem::page_list_line(row);
        return write_in_pieces(text, output);
    });
    return output.finish(text, problems);
}

int ask_members(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    postmortem::PageMembersRequest request;
    for (const std::string& list : arguments.texts("members"))
        if (list.ends_with(','))
            return output.complain("kmem: a member is missing at the end of '" + list + "'");
    request.members = names_in(arguments.texts("members"));
    request.physical = arguments.has("physical");
    std::vector<std::optional<std::uint64_t>> places(std::max<std::size_t>(arguments.rest.size(), 1));
    for (std::size_t i = 0; i < arguments.rest.size(); ++i)
        if (const std::string wrong = take_address(dump, arguments.rest[i], places[i]); !wrong.empty())
            return output.complain("kmem: " + wrong);
    request.address = places.front();
    output.expect_much();
    if (arguments.json) {
        const auto pages = postmortem::page_members(dump, request);
        return pages ? print(arguments, *pages, output) : output.finish(pages.error());
    }
    std::string text = postmortem::page_members_heading(request.members);
    postmortem::Problems problems;
    for (const auto& place : places) {
        request.address = place;
        const auto missing =
            postmortem::visit_page_members(dump, request, [&](const postmortem::PageMembersRow& row) {
                text += postmortem::page_members_line(row);
                return write_in_pieces(text, output);
            });
        if (!missing) return output.finish(missing.error());
        problems.insert(problems.end(), missing->begin(), missing->end());
    }
    return output.finish(text, problems);
}

// A line for each of several.
int ask_pages_at(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    std::string text = postmortem::page_list_heading();
    postmortem::Problems problems;
    for (const std::string& word : arguments.rest) {
        KernelMemoryRequest request;
        request.part = postmortem::AddressPart::Page;
        request.physical = arguments.has("physical");
        if (const std::string wrong = take_address(dump, word, request.address); !wrong.empty())
            return output.complain("kmem: " + wrong);
        const auto memory = postmortem::kernel_memory(dump, request);
        if (!memory) return output.finish(memory.error());
        if (memory->address && memory->address->page)
            text += postmortem::page_list_line(*memory->address->page);
        problems.insert(problems.end(), memory->problems.begin(), memory->problems.end());
    }
    return output.finish(text, problems);
}

// Answers of their own kinds; nothing where the words ask for none of these.
std::optional<int> ask_alone(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (asks_for_objects(arguments) && !asks_for_names(arguments))
        return ask_objects(dump, arguments, output);
    if (arguments.has("members")) return ask_members(dump, arguments, output);
    const bool free_pages = arguments.has("free-pages");
    if (free_pages || (arguments.has("free") && arguments.rest.empty()))
        return print(arguments, postmortem::free_memory(dump, free_pages), output);
    if (arguments.has("page") && arguments.rest.empty()) return ask_pages(dump, arguments, output);
    return std::nullopt;
}

int ask_one(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("physical") && arguments.rest.empty())
        return output.complain("kmem: -P is about an address, and none is given");
    if (!arguments.rest.empty() &&
        arguments.has("slab") + arguments.has("vmalloc") + arguments.has("flags") > 1)
        return output.complain("kmem: of what is named one of -s, -v and -g tells");
    if (const auto answered = ask_alone(dump, arguments, output)) return *answered;
    KernelMemoryRequest request;
    request.shared = arguments.has("shared");
    request.totals = arguments.has("info") || request.shared;
    request.slabs = arguments.has("slab") || asks_for_objects(arguments);
    request.zones = arguments.has("zones");
    request.counters = arguments.has("vm-stat");
    request.per_cpu = arguments.has("per-cpu");
    request.page_flags = arguments.has("flags");
    request.huge_pages = arguments.has("huge");
    request.vmalloc = arguments.has("vmalloc");
    request.ignored = names_in(arguments.texts("ignore"));
    const bool nodes = arguments.has("nodes");
    const int options = request.totals + request.slabs + request.zones + request.counters + request.per_cpu +
                        request.page_flags + request.huge_pages + request.vmalloc;
    if (nodes && options > 0 && arguments.json) return output.complain("kmem: -n is a document of its own");
    // As crash does, which takes them with any other.
    const int layout = nodes ? print(arguments, postmortem::memory_layout(dump), output) : whole_answer;
    if (nodes && options == 0) return layout;
    if (options == 0 && arguments.rest.empty())
        return output.complain(
            "kmem: say what to show: an option or an address; see `postmortem kmem --help`");
    if (const std::string wrong = take_kmem_words(dump, arguments, request); !wrong.empty())
        return output.complain("kmem: " + wrong);
    const auto memory = postmortem::kernel_memory(dump, request);
    if (!memory) return output.finish(memory.error());
    return std::max(layout, print(arguments, *memory, output));
}

// One after the other, but for names of caches, which are looked for together.
int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const bool caches = (asks_for_objects(arguments) || arguments.has("slab")) && !arguments.rest.empty() &&
                        !hexadecimal(arguments.rest.front());
    if (caches || arguments.rest.size() < 2) return ask_one(dump, arguments, output);
    if (arguments.json) return output.complain("kmem: --json is about one address at a time");
    // These have one heading for all.
    if (arguments.has("members")) return ask_members(dump, arguments, output);
    if (arguments.has("page")) return ask_pages_at(dump, arguments, output);
    int worst = whole_answer;
    for (const std::string& word : arguments.rest) {
        if (&word != &arguments.rest.front()) output.write("\n");
        Arguments about_one = arguments;
        about_one.rest = {word};
        worst = std::max(worst, ask_one(dump, about_one, output));
    }
    return worst;
}

}  // namespace

const Command kmem_command = {"kmem", "the kernel's memory, and what lies at an address", syntax, ask,
                              nullptr};

}  // namespace tool
