// A set of function names given by parts of them: "kasan" anywhere, "^down$" whole, "readb$" at the end,
// "a*b" in that order, '#' for a digit; each begins with a character of its own.
#pragma once

#include <array>
#include <cstdint>
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
        char second;  // character, 0 for any
    };
    void add(const Entry& entry);
    static bool stands_at(const Entry& entry, std::string_view name, std::size_t at);

    /// Hundreds of entries are asked for every frame of a trace, so they are in the order of their first
    /// characters; for each character the place of its first entry, and of the first behind it.
    std::vector<Entry> entries_;
    std::array<std::uint16_t, 257> begin_{};
};

}  // namespace postmortem
