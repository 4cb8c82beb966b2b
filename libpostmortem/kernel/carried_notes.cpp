#include "kernel/carried_notes.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/packed_text.h"
#include "base/text.h"
#include "kernel/kernel.h"
#include "types/type_file.h"

namespace postmortem {
namespace {

constexpr std::string_view symbols_kind = "symbols";
constexpr std::string_view note_in_dump = "the dump's note of postmortem";

Result<Bytes> find_note(const DumpFile& dump, CarriedNote::Type type) {
    for (const Note& note : dump.notes())
        if (note.name == CarriedNote::name && note.type == static_cast<std::uint32_t>(type)) return note.desc;
    return fail(ErrorCode::NotFound, "the dump carries no such note");
}

// "DWARF of /home/me/vmlinux": what is handed on does not tell where it was made.
std::string without_folders(std::string_view source) {
    const std::size_t path = source.find('/'), name = source.rfind('/');
    if (path == npos) return std::string(source);
    return fmt::format("{}{}", source.substr(0, path), source.substr(name + 1));
}

// "ffffffff81000000 T _text"
std::optional<Symbol> symbol_of(std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == npos || space + 3 > line.size() || line[space + 2] != ' ') return std::nullopt;
    const auto address = parse_u64(line.substr(0, space), 16);
    if (!address) return std::nullopt;
    return Symbol{std::string(line.substr(space + 3)), *address, line[space + 1]};
}

}  // namespace

std::vector<std::byte> pack_symbols(const SymbolTable& symbols) {
    PackedText text;
    text.lines = {{"from", without_folders(symbols.source())}};
    (void)symbols.for_each([&](const Symbol& symbol) {
        text.content += fmt::format("{:x} {} {}\n", symbol.address, symbol.type, symbol.name);
        return true;
    });
    return pack_text(symbols_kind, text);
}

std::vector<CarriedNote> notes_to_carry(const Kernel& kernel) {
    std::vector<CarriedNote> notes;
    if (kernel.types_are_from_file()) {
        const auto word = static_cast<std::uint32_t>(kernel.memory().word_size());
        const TypeFile file =
            make_type_file(kernel.types(), kernel.build(), without_folders(kernel.types().source()), word);
        notes.push_back({CarriedNote::Type::Types, pack(file)});
    }
    if (const auto symbols = kernel.symbols(); symbols && (*symbols)->source() != "kallsyms")
        notes.push_back({CarriedNote::Type::Symbols, pack_symbols(**symbols)});
    return notes;
}

Result<std::unique_ptr<TypeFinder>> types_in_note(const DumpFile& dump, const KernelBuild& build) {
    const auto note = find_note(dump, CarriedNote::Type::Types);
    if (!note) return fail(note.error());
    auto file = unpack_type_file(*note, note_in_dump);
    if (!file) return fail(std::move(file.error()));
    if (auto differs = how_it_differs(note_in_dump, file->build, build))
        return fail(ErrorCode::InvalidArgument, std::move(*differs));
    std::string source = file->origin;
    return open_type_file(std::move(*file), std::move(source));
}

Result<std::unique_ptr<SymbolTable>> symbols_in_note(const DumpFile& dump) {
    const auto note = find_note(dump, CarriedNote::Type::Symbols);
    if (!note) return fail(note.error());
    return unpack_symbols(*note);
}

Result<std::unique_ptr<SymbolTable>> unpack_symbols(Bytes note) {
    const auto text = unpack_text(symbols_kind, note, note_in_dump);
    if (!text) return fail(text.error());
    std::vector<Symbol> symbols;
    for (const std::string_view line : split(text->content, '\n'))
        if (auto symbol = symbol_of(line)) symbols.push_back(std::move(*symbol));
    return std::make_unique<SymbolList>(std::string(text->line("from")), std::move(symbols));
}

}  // namespace postmortem
