// Words that stand for others, as crash has them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool::shell {

class Aliases {
  public:
    /// Those of crash that are of use here.
    Aliases();

    /// The line with its first word replaced, where that is an alias; an alias is not looked for in another.
    std::string expand(std::string_view line) const;

    /// An empty `command` takes it away.
    void set(const std::string& name, const std::string& command);
    bool has(const std::string& name) const { return aliases_.count(name) > 0; }
    /// crash's table: of one, or of all where `name` is empty.
    std::string table(const std::string& name = "") const;
    std::vector<std::string> names() const;

  private:
    struct Alias {
        std::string command;
        bool builtin = false;
    };
    std::map<std::string, Alias> aliases_;
};

}  // namespace tool::shell
