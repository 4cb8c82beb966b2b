#include <charconv>

#include <postmortem/disassembly.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::DisassemblyRequest;

Syntax syntax() {
    Syntax syntax{"DUMP ADDRESS|SYMBOL|(EXPRESSION) [COUNT]",
                  "Disassembles what lies in the dump, as crash and gdb do: the whole routine where a symbol "
                  "is named,\n"
                  "else one instruction, or COUNT of them.\n\n"
                  "  postmortem dis vmcore schedule\n"
                  "  postmortem dis vmcore -r ffffffff9f74cd10\n"
                  "  postmortem dis vmcore '(vfs_read+0x30)' 8 -x\n"};
    syntax.has_ndjson = true;
    syntax.disassembles = true;
    syntax.options = {
        on_or_off("reverse,r", "from the start of the routine up to the address"),
        on_or_off("forward,f", "from the address to the end of the routine"),
        on_or_off("lines,l", "with the lines of the source; needs a vmlinux"),
        on_or_off("user,u", "ADDRESS is one of the task at hand, not of the kernel"),
        on_or_off("source,s", "the file and the line of the source; needs a vmlinux"),
        on_or_off("bug-bytes,b", "the first number is how many bytes follow ud2 that are no code"),
        on_or_off("hex,x", "distances from symbols in hexadecimal"),
        on_or_off("decimal,d", "distances from symbols in decimal, as they are without this option")};
    syntax.rules.exclusive = {{"reverse", "forward", "source"},
                              {"user", "source"},
                              {"user", "reverse"},
                              {"user", "forward"},
                              {"user", "lines"},
                              {"lines", "source"},
                              {"bug-bytes", "source"}};
    return syntax;
}

std::optional<std::uint64_t> plain_number(std::string_view word) {
    const int base = word.starts_with("0x") ? 16 : 10;
    if (base == 16) word.remove_prefix(2);
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number, base);
    return error == std::errc() && rest == word.data() + word.size() ? std::optional(number) : std::nullopt;
}

// A word in brackets may have been taken apart at its blanks.
std::vector<std::string> whole_words(const std::vector<std::string>& parts) {
    std::vector<std::string> words;
    int open = 0;
    for (const std::string& part : parts) {
        if (open > 0)
            words.back() += part;
        else
            words.push_back(part);
        for (const char c : part) open += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
    return words;
}

// Behind what crash looks at.
std::string surplus_word(const Arguments& arguments) {
    const std::vector<std::string> words = whole_words(arguments.rest);
    const std::size_t most = arguments.has("bug-bytes") ? 3 : 2;
    return words.size() > most ? words[most] : "";
}

// What is wrong with the words, as a sentence; empty where nothing is.
std::string take_words(const Arguments& arguments, DisassemblyRequest& request) {
    std::vector<std::string> words = whole_words(arguments.rest);
    if (arguments.has("bug-bytes") && !words.empty()) {
        const auto bytes = plain_number(words.front());
        if (!bytes || *bytes > 64) return "-b takes a number of bytes, not '" + words.front() + "'";
        request.after_bug = static_cast<std::uint32_t>(*bytes);
        words.erase(words.begin());
    }
    if (words.empty()) return "no address and no symbol is given; see `postmortem dis --help`";
    request.at = words[0];
    if (words.size() > 1) {
        request.count = plain_number(words[1]);
        if (!request.count || *request.count == 0) return "'" + words[1] + "' is not a count of instructions";
    }
    if (arguments.has("reverse")) request.extent = DisassemblyRequest::Extent::UpTo;
    if (arguments.has("forward")) request.extent = DisassemblyRequest::Extent::ToTheEnd;
    request.source_lines = arguments.has("lines");
    request.user = arguments.has("user");
    request.task = arguments.context;
    return {};
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const bool asks_for_code = arguments.has("lines") || arguments.has("reverse") ||
                               arguments.has("forward") || arguments.has("user") || arguments.json ||
                               !arguments.rest.empty();
    if (arguments.has("bug-bytes") && !asks_for_code)
        return output.finish("encoded bytes being skipped after ud2a: 0\n", {});
    DisassemblyRequest request;
    if (const std::string wrong = take_words(arguments, request); !wrong.empty())
        return output.complain("dis: " + wrong);
    if (const std::string word = surplus_word(arguments); !word.empty())
        output.complain("dis: '" + word + "' makes no difference");
    if (arguments.has("source")) {
        const auto source = postmortem::code_source(dump, request.at);
        return source ? print(arguments, *source, output) : output.finish(source.error());
    }
    const auto code = postmortem::disassemble(dump, request);
    if (!code) return output.finish(code.error());
    output.expect_much();
    if (arguments.json || arguments.ndjson) return print(arguments, *code, output);
    return output.finish(postmortem::to_text(*code, arguments.has("hex")), code->problems);
}

}  // namespace

const Command dis_command = {"dis", "the kernel's code, disassembled", syntax, ask, nullptr};

}  // namespace tool
