#include "shell/aliases.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tool::shell {

Aliases::Aliases() {
    for (const auto& [name, command] : std::initializer_list<std::pair<const char*, const char*>>{
             {"man", "help"},
             {"?", "help"},
             {"quit", "q"},
             {"exit", "q"},
             {"h", "history"},
             {"sf", "set scroll off"},
             {"sn", "set scroll on"},
             {"hex", "set radix 16"},
             {"dec", "set radix 10"},
             {"px", "p -x"},
             {"pd", "p -d"},
             {"for", "foreach"},
             {"size", "*"},
             {"dmesg", "log"},
             {"lsmod", "mod"},
             {"last", "ps -l"},
         })
        aliases_[name] = {command, true};
}

std::string Aliases::expand(std::string_view line) const {
    const std::string_view first = line.substr(0, line.find_first_of(" \t|>"));
    if (first.starts_with("p/")) return "p " + std::string(line.substr(1));
    const auto found = aliases_.find(std::string(first));
    if (found == aliases_.end()) return std::string(line);
    return found->second.command + std::string(line.substr(first.size()));
}

void Aliases::set(const std::string& name, const std::string& command) {
    if (command.empty())
        aliases_.erase(name);
    else
        aliases_[name] = {command, false};
}

std::string Aliases::table(const std::string& name) const {
    std::string text = "ORIGIN   ALIAS    COMMAND\n";
    for (const auto& [alias, meaning] : aliases_)
        if (name.empty() || name == alias)
            text += fmt::format("{:<8} {:<8} {}\n", meaning.builtin ? "builtin" : "runtime", alias,
                                meaning.command);
    return text;
}

std::vector<std::string> Aliases::names() const {
    std::vector<std::string> names;
    for (const auto& [alias, meaning] : aliases_) names.push_back(alias);
    return names;
}

}  // namespace tool::shell
