// A set of function names given by parts of them: "kasan" anywhere, "^down$" whole, "readb$" at the end,
// "a*b" in that order, '#' for a digit.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace postmortem {

class NameSet {
  public:
    NameSet() = default;
    NameSet(std::initializer_list<std::string_view> patterns);
    explicit NameSet(std::span<const std::string_view> patterns);
    /// The patterns must outlive the set: string literals do.
    void add(std::string_view pattern);
    void add(const NameSet& other);

    bool matches(std::string_view name) const;
    bool empty() const { return entries_.empty(); }

  private:
    struct Entry {
        std::string_view text;
        bool at_start, at_end, plain;
    };
    static bool matches(const Entry& entry, std::string_view name);

    std::vector<Entry> entries_;
};

}  // namespace postmortem
