#include "symbols/export_table.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/checked.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::uint64_t page = 4096;
// Of the tables, their names, and what lies in front of them.
constexpr std::uint64_t fewest_bytes = 512ull << 10, most_bytes = 4ull << 20;
constexpr std::uint64_t longest_name = 512;  ///< KSYM_NAME_LEN since 6.1
constexpr std::size_t row_proof = 16;        ///< so many entries in a row are no accident

/// struct kernel_symbol: words, or distances from where each stands.
struct EntryForm {
    bool relative = false;
    std::uint32_t fields = 0;
    std::uint32_t field_size = 0;
    std::uint32_t size() const { return fields * field_size; }
};

/// What could be read from `start` on, up to the first hole.
struct Window {
    std::uint64_t start = 0;
    std::vector<std::byte> bytes;
    Endian endian = Endian::Little;
    std::uint32_t word = 8;

    ByteReader reader() const { return ByteReader(bytes, endian); }
    bool holds(std::uint64_t address) const { return address - start < bytes.size(); }
    std::optional<std::uint64_t> field(std::uint64_t address, const EntryForm& form) const {
        const std::uint64_t at = address - start;
        if (form.relative) {
            const auto distance = reader().get<std::int32_t>(at);
            if (!distance) return std::nullopt;
            const std::uint64_t target = address + static_cast<std::uint64_t>(std::int64_t{*distance});
            return word == 8 ? target : target & 0xffffffff;
        }
        if (word == 8) return reader().u64(at);
        const auto value = reader().u32(at);
        return value ? std::optional<std::uint64_t>(*value) : std::nullopt;
    }
    /// A C identifier up to a NUL; empty where there is none. A name may be the end of another one: the
    /// linker merges them.
    std::string_view name(std::uint64_t address) const {
        if (!holds(address)) return {};
        const std::uint64_t at = address - start;
        const auto room = reader().slice(at, std::min<std::uint64_t>(longest_name, bytes.size() - at));
        const auto text = ByteReader(*room, endian).c_string(0);
        if (!text || text->empty() || is_digit(text->front())) return {};
        const auto of_identifiers = [](char c) { return is_symbol(c) || c == '_'; };
        return std::all_of(text->begin(), text->end(), of_identifiers) ? *text : std::string_view();
    }
};

// Whether it could be.
bool grow(Window& window, const AddressSpace& memory, std::uint64_t size) {
    while (window.bytes.size() < size) {
        const std::uint64_t at = window.start + window.bytes.size();
        window.bytes.resize(window.bytes.size() + page);
        if (memory.read(at, MutableBytes(window.bytes).last(page), Caching::Pass)) continue;
        window.bytes.resize(window.bytes.size() - page);
        return false;
    }
    return true;
}

std::string_view name_of_entry(const Window& window, std::uint64_t entry, const EntryForm& form) {
    const auto name = window.field(entry + form.field_size, form);
    return name ? window.name(*name) : std::string_view();
}

// The image is no larger than that, and per-CPU variables of x86_64 are counted from 0.
bool may_be_symbol(std::uint64_t address, std::uint64_t entry) {
    constexpr std::uint64_t image = 1ull << 30, per_cpu = 1ull << 20;
    return address - (entry - image) < 2 * image || (address != 0 && address < per_cpu);
}

// Entries from here on whose names ascend. Two tables that lie side by side are one row each.
std::size_t entries_at(const Window& window, std::uint64_t start, const EntryForm& form, std::size_t most) {
    std::string_view before;
    std::size_t count = 0;
    for (std::uint64_t at = start; count < most; at += form.size(), ++count) {
        const std::string_view name = name_of_entry(window, at, form);
        const auto address = window.field(at, form);
        if (name.empty() || name <= before || !address || !may_be_symbol(*address, at)) break;
        before = name;
    }
    return count;
}

struct Row {
    std::uint64_t start = 0;
    EntryForm form;
};

std::optional<Row> first_row(const Window& window) {
    const std::array<EntryForm, 4> forms = {
        {{true, 3, 4}, {true, 2, 4}, {false, 3, window.word}, {false, 2, window.word}}};
    for (std::uint64_t at = window.start; window.holds(at); at += 4)
        for (const EntryForm& form : forms)
            if (at % form.field_size == 0 && entries_at(window, at, form, row_proof) == row_proof)
                return Row{at, form};
    return std::nullopt;
}

// All rows: up to what is no entry.
ExportTable read_rows(const Window& window, const Row& row) {
    std::vector<Symbol> symbols;
    std::uint64_t end = row.start;
    for (std::uint64_t at = row.start;; at += row.form.size()) {
        const std::string_view name = name_of_entry(window, at, row.form);
        const auto value = window.field(at, row.form);
        if (name.empty() || !value) break;
        symbols.push_back({std::string(name), *value, '?'});
        end = std::max(end, *window.field(at + row.form.field_size, row.form) + name.size() + 1);
    }
    return {std::make_unique<SymbolList>("exported symbols", std::move(symbols)), end};
}

}  // namespace

Result<ExportTable> find_exports(const AddressSpace& memory, std::uint64_t first) {
    Window window{align_down(first, page), {}, memory.endian(), memory.word_size()};
    std::optional<ExportTable> found;
    for (std::uint64_t size = fewest_bytes; size <= most_bytes; size *= 2) {
        const bool whole = grow(window, memory, size);
        if (const auto row = first_row(window)) found = read_rows(window, *row);
        const bool ends_within = found && found->end + longest_name < window.start + window.bytes.size();
        if (ends_within || !whole) break;
    }
    if (!found) return fail(ErrorCode::NotFound, "no table of exported symbols was found", first);
    return std::move(*found);
}

}  // namespace postmortem
