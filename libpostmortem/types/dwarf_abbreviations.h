// The shapes of DWARF's entries (.debug_abbrev), boiled down to what it takes to step over one and to see its
// name on the way.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace postmortem {

/// Reads forwards; past the end everything is 0 and good() is false.
class DwarfCursor {
  public:
    DwarfCursor(Bytes bytes, std::uint64_t at, Endian endian) : bytes_(bytes), at_(at), endian_(endian) {}

    std::uint64_t at() const { return at_; }
    bool good() const { return at_ <= bytes_.size(); }
    void skip(std::uint64_t count) {
        at_ = good() && count <= bytes_.size() - at_ ? at_ + count : bytes_.size() + 1;
    }
    void go_to(std::uint64_t place) { at_ = place; }

    /// A number of 1, 2, 3, 4 or 8 bytes.
    std::uint64_t fixed(unsigned size) {
        const std::uint64_t from = at_;
        skip(size);
        if (!good()) return 0;
        const std::byte* place = bytes_.data() + from;
        switch (size) {
            case 1: return load<std::uint8_t>(place);
            case 2: return load<std::uint16_t>(place, endian_);
            case 4: return load<std::uint32_t>(place, endian_);
            case 8: return load<std::uint64_t>(place, endian_);
            default: return 0;
        }
    }
    std::uint64_t uleb() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; at_ < bytes_.size(); shift += 7) {
            const auto byte = std::to_integer<std::uint8_t>(bytes_[at_++]);
            if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
            if ((byte & 0x80) == 0) return value;
        }
        at_ = bytes_.size() + 1;
        return 0;
    }
    std::string_view text() {
        const std::string_view rest = good() ? as_text(bytes_.subspan(at_)) : std::string_view();
        const std::size_t end = rest.find('\0');
        if (end == std::string_view::npos) {
            at_ = bytes_.size() + 1;
            return {};
        }
        at_ += end + 1;
        return rest.substr(0, end);
    }

  private:
    Bytes bytes_;
    std::uint64_t at_;
    Endian endian_;
};

/// How long numbers are in one unit.
struct DwarfUnitShape {
    std::uint16_t version = 0;
    std::uint8_t offset_size = 4;
    std::uint8_t address_size = 8;
    bool operator==(const DwarfUnitShape&) const = default;
};

/// One thing to do on the way over an entry.
struct DwarfStep {
    enum class Kind : std::uint8_t {
        Skip,        ///< `size` bytes
        SkipLeb,     ///< a number of its own length
        SkipText,    ///< up to a NUL
        SkipBlock,   ///< as many bytes as a number of `size` bytes says; 0: of its own length
        Sibling,     ///< where the next entry of this level lies; 0: of its own length
        NameOffset,  ///< into .debug_str
        NameText,
        Declaration,  ///< a flag
    };
    Kind kind;
    std::uint16_t size;
};

/// The types that have names, in the order of DwarfNames, and behind them what has a name and is no type.
enum class DwarfKind : std::uint8_t { Struct, Union, Enum, Typedef, Other, Variable, Function, Enumerator };

/// Which entries are of interest, by their tag; the rest are Other.
using DwarfKindOf = DwarfKind (*)(std::uint64_t tag);

DwarfKind dwarf_type_kind(std::uint64_t tag);
/// Variables, functions and enums with their enumerators.
DwarfKind dwarf_object_kind(std::uint64_t tag);

struct DwarfAbbreviation {
    bool exists = false;
    DwarfKind kind = DwarfKind::Other;
    bool has_children = false;
    bool is_declaration = false;
    std::uint32_t first_step = 0, step_count = 0;
};

/// The abbreviations of a unit, by their number.
class DwarfAbbreviations {
  public:
    /// Nothing where they are damaged, or name what is of interest in a way that is not known here.
    static std::optional<DwarfAbbreviations> read(Bytes section, std::uint64_t offset, Endian endian,
                                                  const DwarfUnitShape& shape,
                                                  DwarfKindOf kind_of = dwarf_type_kind);

    /// Null where there is none of that number.
    const DwarfAbbreviation* find(std::uint64_t number) const {
        return number < all_.size() && all_[number].exists ? &all_[number] : nullptr;
    }
    const DwarfStep* steps(const DwarfAbbreviation& of) const { return steps_.data() + of.first_step; }

  private:
    bool read_one(DwarfCursor& from, std::uint64_t number, const DwarfUnitShape& shape, DwarfKindOf kind_of);
    void add_skip(std::size_t first_step, unsigned size);

    std::vector<DwarfAbbreviation> all_;
    std::vector<DwarfStep> steps_;
};

}  // namespace postmortem
