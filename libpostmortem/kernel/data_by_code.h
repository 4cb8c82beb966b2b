// Where data lies that the kernel's own symbols do not name (CONFIG_KALLSYMS_ALL=n), by the functions that
// touch it: those they do name.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/arch.h"
#include "memory/address_space.h"
#include "symbols/symbol_table.h"

namespace postmortem {

/// Thread-safe. Borrows all it is given.
class DataByCode {
  public:
    DataByCode(const Arch& arch, const AddressSpace& memory, const SymbolTable& symbols);

    /// The only place that all the functions touch which are known to touch this variable. Errors: NotFound
    /// where nothing is known of them, or where there is more than one such place.
    Result<std::uint64_t> address_of(std::string_view name) const;

    /// Whether this kernel has no such variable: it has none of the functions of what it belongs to.
    bool is_absent(std::string_view name) const;

    /// All variables that it knows of.
    static std::vector<std::string_view> names();

  private:
    struct Code {
        std::uint64_t start = 0;
        std::vector<std::byte> bytes;  ///< none where they cannot be read
    };
    using Places = std::vector<std::uint64_t>;  // in their order

    Result<std::uint64_t> find(std::string_view name) const;
    std::optional<Code> code_of(std::string_view function) const;
    std::optional<Places> touched_by(std::string_view function) const;
    Places touched_by_all(std::span<const char* const> functions) const;
    bool calls(const char* function, const char* other) const;
    bool is_freed(std::uint64_t function) const;
    bool has_name(std::uint64_t place) const;

    const Arch& arch_;
    const AddressSpace& memory_;
    const SymbolTable& symbols_;
    mutable std::mutex lock_;
    mutable std::map<std::string, Result<std::uint64_t>, std::less<>> known_;
};

}  // namespace postmortem
