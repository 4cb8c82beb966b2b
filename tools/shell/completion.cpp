#include "shell/completion.h"

#include <algorithm>

#include <postmortem/names.h>

#include "commands.h"

namespace tool::shell {
namespace {

using postmortem::NameKind;

std::string_view first_word(std::string_view typed) {
    typed.remove_prefix(std::min(typed.find_first_not_of(' '), typed.size()));
    return typed.substr(0, typed.find(' '));
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::vector<NameKind> wanted_kinds(std::string_view command) {
    if (is_one_of(command, {"struct", "union", "*", "whatis", "size"}))
        return {NameKind::Type, NameKind::Symbol};
    if (is_one_of(command, {"p", "px", "pd", "sym", "dis", "rd", "wr", "list", "tree", "vtop", "search"}))
        return {NameKind::Symbol};
    return {NameKind::Command};
}

// "active,a" is both --active and -a.
void add_option(const Option& option, std::vector<std::string>& words) {
    if (option.hidden) return;
    const std::string_view name(option.name);
    const std::size_t comma = name.find(',');
    words.push_back("--" + std::string(name.substr(0, comma)));
    if (comma != name.npos) words.push_back("-" + std::string(name.substr(comma + 1)));
}

std::vector<std::string> beginning_with(std::vector<std::string> words, std::string_view prefix) {
    std::erase_if(words, [&](const std::string& word) { return !word.starts_with(prefix); });
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return words;
}

}  // namespace

std::string_view last_word(std::string_view typed) {
    const std::size_t space = typed.find_last_of(" |>");
    return space == typed.npos ? typed : typed.substr(space + 1);
}

std::string completions(const postmortem::CrashDump& dump, std::string_view typed) {
    const std::string_view prefix = last_word(typed);
    std::string lines;
    for (const NameKind kind : wanted_kinds(first_word(typed)))
        for (const std::string& name : names_beginning_with(dump, kind, prefix)) lines += name + '\n';
    return lines;
}

std::vector<std::string> known_words(std::string_view typed, const std::vector<std::string>& more_commands) {
    const std::string_view prefix = last_word(typed), name = first_word(typed);
    std::vector<std::string> words;
    const bool is_command = prefix.data() <= name.data() || is_one_of(name, {"help", "man", "?", "foreach"});
    if (is_command) {
        words = more_commands;
        for (const Command& command : all_commands())
            if (command.summary) words.emplace_back(command.name);
    } else if (const Command* command = find_command(name); command && prefix.starts_with('-')) {
        for (const Option& option : command->syntax().options) add_option(option, words);
    } else if (name == "set") {
        words = {"scroll", "radix", "-p", "-c"};
    }
    return beginning_with(std::move(words), prefix);
}

}  // namespace tool::shell
