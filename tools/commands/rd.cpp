#include "rd.h"

#include <charconv>

#include "commands.h"

namespace tool {
namespace {

using postmortem::MemoryWordsRequest;
using Radix = postmortem::MemoryWordsStyle::Radix;

constexpr std::uint64_t words_at_a_time = 1 << 16;

std::optional<std::uint64_t> whole_number(std::string_view word, int base) {
    if (base == 0) base = word.starts_with("0x") ? 16 : 10;
    if (base == 16 && word.starts_with("0x")) word.remove_prefix(2);
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number, base);
    return error == std::errc() && rest == word.data() + word.size() ? std::optional(number) : std::nullopt;
}

// What is wrong with the words, as a sentence; empty where nothing is.
std::string take_words(const Arguments& arguments, MemoryWordsRequest& request) {
    if (arguments.rest.empty()) return "no address is given; see `postmortem rd --help`";
    request.at = arguments.rest[0];
    if (arguments.rest.size() > 1) {
        request.count = whole_number(arguments.rest[1], 0);
        if (!request.count || *request.count == 0) return "'" + arguments.rest[1] + "' is not a count";
    }
    if (arguments.has("end")) {
        request.end = whole_number(arguments.text("end"), 16);
        if (!request.end) return "'" + arguments.text("end") + "' is not a hexadecimal address";
    }
    if (arguments.has("offset")) {
        const auto bytes = offset_in_bytes(arguments.text("offset"));
        if (!bytes) return "'" + arguments.text("offset") + "' is not an offset";
        request.offset = *bytes;
    }
    request.user = arguments.has("user");
    if (arguments.has("context")) request.whose.selectors = {arguments.text("context")};
    request.caches = arguments.has("caches");
    request.cache_addresses = arguments.texts("caches").size() > 1;
    request.symbols = request.caches || arguments.has("symbols");
    if (request.symbols && request.word_size != 0 && request.word_size != 8)
        return "-s and -S name what words of 64 bits point at";
    request.text = arguments.has("text");
    request.network_order = arguments.has("network");
    request.reverse = arguments.has("reverse");
    return {};
}

std::uint32_t word_size_of(const Arguments& arguments) {
    if (arguments.has("bytes-1")) return 1;
    if (arguments.has("bytes-2")) return 2;
    if (arguments.has("bytes-4")) return 4;
    return arguments.has("bytes-8") ? 8 : 0;
}

postmortem::MemoryWordsStyle style_of(const Arguments& arguments) {
    postmortem::MemoryWordsStyle style;
    if (arguments.has("decimal")) style.radix = Radix::Decimal;
    if (arguments.has("unsigned")) style.radix = Radix::Unsigned;
    style.characters = !arguments.has("no-characters");
    return style;
}

Syntax syntax() {
    Syntax syntax{"DUMP ADDRESS|SYMBOL [COUNT]",
                  "Reads memory: COUNT words (1 if not given) from a kernel virtual address or a symbol on, "
                  "as crash's rd\n"
                  "does; an address that is none of the kernel's is one of the task's that brought it down, "
                  "or of --context.\n"
                  "With -p from a physical address, with -f from a place in the file, which needs nothing "
                  "but the dump. With\n"
                  "--raw (and -p), COUNT is in bytes and the bytes themselves go to standard output, all of "
                  "them or none;\n"
                  "with -r they go to a file.\n\n"
                  "  postmortem rd vmcore init_task 16\n"
                  "  postmortem rd -a vmcore linux_banner\n"
                  "  postmortem rd -p vmcore 1000 4\n"
                  "  postmortem rd -p --raw vmcore 0x1000 4096 > page\n"};
    syntax.options = {
        on_or_off("physical,p", "ADDRESS is a physical one"),
        on_or_off("user,u", "ADDRESS is a task's, whatever it looks like"),
        text("context", "PID|TASK", "whose user memory it is"),
        on_or_off("file-offset,f", "ADDRESS is a place in the dump's file"),
        on_or_off("machine,m", "ADDRESS is one of a Xen host: no dump that is read here is one's"),
        text("raw-to,r", "FILE", "write COUNT bytes to this file"),
        on_or_off("raw", "with -p: write the bytes themselves; COUNT is in bytes"),
        on_or_off("decimal,d", "signed decimal numbers"),
        on_or_off("unsigned,D", "unsigned decimal numbers"),
        on_or_off("symbols,s", "name what words point at, where it has a name"),
        counted("caches,S",
                "the same, and the slab cache that a word points into; given twice, with "
                "the word itself"),
        on_or_off("text,a", "characters, up to the first that cannot be printed, or among COUNT bytes"),
        on_or_off("no-characters,x", "no characters at the end of the lines"),
        switch_as("-8", "bytes-1,8", "words of 8 bits"),
        switch_as("-16", "bytes-2", "words of 16 bits (-16)"),
        switch_as("-32", "bytes-4", "words of 32 bits (-32)"),
        switch_as("-64", "bytes-8", "words of 64 bits (-64)"),
        on_or_off("network,N", "words of 16 and 32 bits in network byte order"),
        on_or_off("reverse,R", "COUNT words up to the address"),
        text("offset,o", "BYTES", "start so many bytes behind the address"),
        text("end,e", "ADDRESS", "up to this hexadecimal address")};
    syntax.rules.surplus_from = 2;
    syntax.makes = {"raw-to"};
    syntax.rules.last_given = {{"bytes-1", "bytes-2", "bytes-4", "bytes-8", "text"}};
    syntax.rules.covers = {{"text", {"decimal", "unsigned"}}};
    syntax.rules.ranks = {{"decimal", "unsigned"}};
    syntax.rules.idle_without = {{"network", {"bytes-2", "bytes-4"}}};
    syntax.rules.exclusive = {{"physical", "user", "file-offset"},
                              {"bytes-1", "bytes-2", "bytes-4", "bytes-8", "text", "raw-to", "raw"},
                              {"decimal", "unsigned", "raw-to", "raw"},
                              {"text", "raw-to", "raw"},
                              {"symbols", "text", "raw-to", "raw"},
                              {"caches", "text", "raw-to", "raw"},
                              {"reverse", "text", "raw-to"}};
    for (const char* place : {"physical", "file-offset"})
        for (const char* other : {"context", "symbols", "caches"})
            syntax.rules.exclusive.push_back({place, other});
    syntax.rules.only_with = {{"raw", {"physical", "file-offset"}}};
    syntax.rules.only_text = {"physical", "file-offset", "raw-to", "raw"};
    return syntax;
}

// Piece by piece, so that much of it costs little memory.
int print_words(const postmortem::CrashDump& dump, const MemoryWordsRequest& request,
                const Arguments& arguments, Output& output) {
    MemoryWordsRequest piece = request;
    std::uint64_t left = request.count.value_or(1);
    const bool in_pieces = !arguments.json && !request.end && !request.text && !request.reverse;
    while (in_pieces && left > words_at_a_time) {
        piece.count = words_at_a_time;
        const auto words = memory_words(dump, piece);
        if (!words) return output.finish(words.error());
        if (!words->problems.empty())
            return output.finish(to_text(*words, style_of(arguments)), words->problems);
        if (!output.write(to_text(*words, style_of(arguments)))) return output.finish("", {});
        piece.offset += static_cast<std::int64_t>(words_at_a_time * words->word_size);
        left -= words_at_a_time;
    }
    if (in_pieces) piece.count = left;
    auto words = memory_words(dump, piece);
    if (!words) return output.finish(words.error());
    add_lost_pages(*words);
    return output.finish(arguments.json ? to_json(*words) : to_text(*words, style_of(arguments)),
                         words->problems);
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    MemoryWordsRequest request;
    request.word_size = word_size_of(arguments);
    if (const std::string wrong = take_words(arguments, request); !wrong.empty())
        return output.complain("rd: " + wrong);
    if (arguments.has("raw-to")) {
        const auto bytes = postmortem::memory_bytes(dump, request);
        return bytes ? write_bytes(arguments, bytes->address, bytes->bytes, output)
                     : output.finish(bytes.error());
    }
    output.expect_much();
    return print_words(dump, request, arguments, output);
}

// A kernel is needed for virtual addresses alone.
int read(const Arguments& arguments, Output& output) {
    if (arguments.has("machine"))
        return output.complain("rd: -m is for dumps of a Xen host, and this is none that postmortem reads");
    const bool physical = arguments.has("physical"), in_file = arguments.has("file-offset");
    if (!physical && !in_file) {
        const auto dump = postmortem::CrashDump::open(arguments.dump, arguments.open_options());
        return dump ? ask(*dump, arguments, output) : output.refuse(dump.error());
    }
    const std::uint32_t size = word_size_of(arguments);
    const WordsStyle style{size == 0 ? 8 : size, arguments.has("network"), style_of(arguments)};
    return physical ? read_physical(arguments, style, output) : read_file(arguments, style, output);
}

}  // namespace

std::optional<std::int64_t> offset_in_bytes(std::string_view word) {
    const bool negative = word.starts_with("-");
    const auto bytes = whole_number(word.substr(negative ? 1 : 0), 0);
    if (!bytes) return std::nullopt;
    return static_cast<std::int64_t>(negative ? 0 - *bytes : *bytes);
}

const Command rd_command = {"rd", "memory at an address", syntax, nullptr, read};

}  // namespace tool
