// The memory of a module (one piece until 6.3, several behind one another in struct module since,
// ac3b43283923) and its unwind tables.
#include <algorithm>
#include <array>

#include "kernel/layout/module_facts.h"

namespace postmortem {
namespace {

constexpr std::uint32_t most_piece_bytes = 1u << 30;
constexpr std::uint64_t piece_alignment = 4096;
constexpr std::size_t most_pieces = 16;                    // enum mod_mem_type has 7
constexpr std::uint64_t most_piece_distance = 2ull << 30;  // code and data of a module reach each other
constexpr std::uint32_t most_module_orcs = 1u << 24, orcs_looked_at = 16;
constexpr std::uint64_t orc_entry_bytes = 6;
constexpr std::uint64_t beyond_symbols = 16ull << 20;

/// How far behind the address of a piece its size may lie: between them are flags, or the address of a copy.
std::array<std::uint64_t, 4> places_of_size(std::uint64_t word) {
    return {word, word + 4, 2 * word, 2 * word + 4};
}

// Of the numbers behind the address those that are no size of it are smaller (that of its code alone, flags)
// or far too large (pointers).
Says judge_piece(const ModuleFacts& facts, const StructImage& module, std::uint64_t offset,
                 std::uint64_t size_at) {
    const auto base = module.word(offset);
    const auto size = module.number(offset + size_at);
    if (!base || !size || *base == 0) return Says::Nothing;
    if (!facts.is_pointer(*base) || *base % piece_alignment != 0) return Says::No;
    for (const std::uint64_t at : places_of_size(facts.word())) {
        const auto other = module.number(offset + at);
        if (other && *other <= most_piece_bytes && *other > *size) return Says::No;
    }
    return *size <= most_piece_bytes && facts.has_symbol_in(module.address(), *base, *size) ? Says::Yes
                                                                                            : Says::No;
}

bool evenly_spaced(const std::vector<Placement>& pieces) {
    for (std::size_t i = 2; i < pieces.size(); ++i)
        if (pieces[i].offset - pieces[i - 1].offset != pieces[1].offset - pieces[0].offset) return false;
    return true;
}

// A piece that few modules have, as what is only written while they start: nothing or memory, and not so far
// away that it could not be of the module.
Says judge_rare_piece(const ModuleFacts& facts, const StructImage& module, std::uint64_t offset,
                      std::uint64_t size_at) {
    const auto base = module.word(offset);
    const auto size = module.number(offset + size_at);
    if (!base || !size) return Says::Nothing;
    if (*base == 0) return *size == 0 ? Says::Nothing : Says::No;
    const std::uint64_t distance =
        *base > module.address() ? *base - module.address() : module.address() - *base;
    const bool is_memory = facts.is_pointer(*base) && *base % piece_alignment == 0 && *size != 0 &&
                           *size <= most_piece_bytes && distance <= most_piece_distance;
    return is_memory ? Says::Yes : Says::No;
}

// How many pieces lie side by side, those among them that only some modules have.
std::size_t count_pieces(const ModuleFacts& facts, const std::vector<Placement>& common, std::uint64_t stride,
                         std::uint64_t size_at) {
    std::size_t count = common.size();
    for (std::size_t i = count; i < most_pieces; ++i) {
        bool some = false;
        for (const std::uint64_t address : facts.modules) {
            const StructImage module(facts.kernel.memory(), address, 0);
            const Says says = judge_rare_piece(facts, module, common.front().offset + i * stride, size_at);
            if (says == Says::No) return count;
            some = some || says == Says::Yes;
        }
        if (some) count = i + 1;
    }
    return count;
}

// As many pieces as there are tables of them: `mem` with as many elements as no module contradicts.
bool add_pieces(ModuleFacts& facts, const std::vector<Placement>& pieces, std::uint64_t size_at) {
    if (pieces.empty() || !evenly_spaced(pieces)) return false;
    const bool are_many = pieces.size() > 1;
    const std::uint64_t stride = are_many ? pieces[1].offset - pieces[0].offset : size_at + 4;
    const std::size_t count = are_many ? count_pieces(facts, pieces, stride, size_at) : 1;
    facts.findings.add({"module", "mem", pieces.front().offset, MemberShape::array("module_memory", count),
                        pieces.front().agree, facts.modules.size()});
    facts.findings.add_with_last("module_memory", "base", 0, MemberShape::pointer());
    facts.findings.add_with_last("module_memory", "size", size_at, MemberShape::number(4));
    facts.findings.add(SizeFinding{TypeKind::Struct, "module_memory", stride});
    return true;
}

// struct orc_entry begins with the offsets from the stack and from the frame, which are multiples of eight
// wherever a compiler looks after both.
Says looks_like_orc(const ModuleFacts& facts, std::uint64_t place) {
    const auto stack = facts.kernel.memory().get<std::int16_t>(place);
    const auto frame = facts.kernel.memory().get<std::int16_t>(place + 2);
    if (!stack || !frame) return Says::Nothing;
    return *stack % 8 == 0 && *frame % 8 == 0 ? Says::Yes : Says::No;
}

Says judge_orc(const ModuleFacts& facts, const StructImage& module, std::uint64_t offset) {
    const auto count = module.number(offset);
    const auto addresses = module.word(offset + facts.word()),
               entries = module.word(offset + 2 * facts.word());
    if (!count || !addresses || !entries || (*count == 0 && *addresses == *entries)) return Says::Nothing;
    const std::uint64_t lowest = facts.kernel.arch().memory.lowest_code_address;
    // Neither table is aligned.
    if (*count == 0 || *count > most_module_orcs || *addresses < lowest || *entries < lowest) return Says::No;
    if (*addresses < *entries ? *entries - *addresses < *count * 4ull
                              : *addresses - *entries < *count * orc_entry_bytes)
        return Says::No;
    const auto symbols = facts.symbols.find(module.address());
    if (symbols == facts.symbols.end() || symbols->second.empty()) return Says::Nothing;
    // From its first entry to its last it ascends, through code that lies near the module's symbols.
    std::uint64_t before = 0;
    for (std::uint32_t i = 0; i < orcs_looked_at; ++i) {
        const std::uint64_t index = std::uint64_t{*count - 1} * i / (orcs_looked_at - 1);
        const std::uint64_t place = *addresses + 4 * index;
        const auto distance = facts.kernel.memory().get<std::int32_t>(place);
        if (!distance) return Says::Nothing;
        const std::uint64_t address = place + static_cast<std::uint64_t>(std::int64_t{*distance});
        if (address < before || (*count >= orcs_looked_at && address == before) ||
            address + beyond_symbols < symbols->second.front() ||
            address > symbols->second.back() + beyond_symbols)
            return Says::No;
        before = address;
        const auto entry = looks_like_orc(facts, *entries + orc_entry_bytes * index);
        if (entry != Says::Yes) return entry;
    }
    return Says::Yes;
}

}  // namespace

void infer_module_memory(ModuleFacts& facts, const Survey& survey) {
    for (const std::uint64_t size_at : places_of_size(facts.word())) {
        const Judge judge = [&](const StructImage& module, std::uint64_t offset) {
            return judge_piece(facts, module, offset, size_at);
        };
        auto pieces = search(survey, facts.word(), (survey.images.size() + 1) / 2, judge);
        std::erase_if(pieces, [&](const Placement& piece) {
            return std::any_of(facts.modules.begin(), facts.modules.end(), [&](std::uint64_t module) {
                return judge(StructImage(facts.kernel.memory(), module, 0), piece.offset) == Says::No;
            });
        });
        if (add_pieces(facts, pieces, size_at)) return;
    }
    facts.findings.refuse("module", "mem", "no place is as it has to be in all of them");
}

// struct mod_arch_specific (arch/x86/include/asm/module.h): unsigned int num_orcs; int *orc_unwind_ip; struct
// orc_entry *orc_unwind; 4.14 (ee9f8fce9964).
void infer_module_orc(ModuleFacts& facts, const Survey& survey) {
    // `arch` lies behind the memory (include/linux/module.h); in front of that are other tables of places.
    const std::vector<Finding>& found = facts.findings.found();
    const auto memory = std::find_if(found.begin(), found.end(), [](const Finding& one) {
        return one.type == "module" && one.member == "mem";
    });
    if (memory == found.end()) return;
    const std::uint64_t begin = memory->offset;
    const Judge judge = [&, begin](const StructImage& module, std::uint64_t offset) {
        return offset > begin ? judge_orc(facts, module, offset) : Says::No;
    };
    const auto place = facts.findings.settle({"module", "arch.num_orcs", 0, MemberShape::number(4)},
                                             search(survey, facts.word(), 1, judge), facts.kernel.memory(),
                                             facts.modules, judge);
    if (!place) return;
    facts.findings.add_with_last("module", "arch.orc_unwind_ip", *place + facts.word(),
                                 MemberShape::pointer());
    facts.findings.add_with_last("module", "arch.orc_unwind", *place + 2 * facts.word(),
                                 MemberShape::pointer());
}

}  // namespace postmortem
