// The bits of vm_area_struct.vm_flags were dealt out anew many times: the kernel's own table tells
// (vmaflag_names, mm/debug.c, since 4.6: edf14cdbf9a0), which its reports of damaged areas are printed with.
// Before, there are the names of the bits that were not.
#include "report/address_space/vm_flags.h"

#include <array>
#include <cctype>
#include <vector>

#include <fmt/format.h>

#include <postmortem/address_spaces.h>
#include <postmortem/crash_dump.h>

namespace postmortem {
namespace {

struct NamedFlag {
    std::uint64_t bits;
    std::string name;
};

// include/linux/mm.h of 2.6.32, 3.10 and 4.4
const std::array<NamedFlag, 22> lasting_flags = {{
    {0x1, "READ"},
    {0x2, "WRITE"},
    {0x4, "EXEC"},
    {0x8, "SHARED"},
    {0x10, "MAYREAD"},
    {0x20, "MAYWRITE"},
    {0x40, "MAYEXEC"},
    {0x80, "MAYSHARE"},
    {0x100, "GROWSDOWN"},
    {0x400, "PFNMAP"},
    {0x800, "DENYWRITE"},
    {0x2000, "LOCKED"},
    {0x4000, "IO"},
    {0x8000, "SEQ_READ"},
    {0x10000, "RAND_READ"},
    {0x20000, "DONTCOPY"},
    {0x40000, "DONTEXPAND"},
    {0x100000, "ACCOUNT"},
    {0x200000, "NORESERVE"},
    {0x400000, "HUGETLB"},
    {0x10000000, "MIXEDMAP"},
    {0x80000000, "MERGEABLE"},
}};

// Those of `wanted`: pages with other names may be missing.
Result<std::vector<NamedFlag>> flags_of_table(const AddressSpace& memory, std::uint64_t table,
                                              std::uint64_t wanted) {
    constexpr std::size_t most_names = 128, longest_flag = 32;
    const std::uint64_t word = memory.word_size();
    std::vector<NamedFlag> flags;
    for (std::size_t i = 0; i < most_names && wanted != 0; ++i) {
        const auto bits = memory.word(table + 2 * i * word);
        const auto where = memory.word(table + (2 * i + 1) * word);
        if (!bits || !where) return fail(!bits ? bits.error() : where.error());
        if (*where == 0) break;
        if ((wanted & *bits) != *bits) continue;
        auto name = memory.c_string(*where, longest_flag);
        if (!name) return fail(name.error());
        for (char& c : *name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        flags.push_back({*bits, std::move(*name)});
        wanted &= ~*bits;
    }
    return flags;
}

Result<std::vector<NamedFlag>> known_flags(const Kernel& kernel, std::uint64_t wanted) {
    const auto table = kernel.symbol("vmaflag_names");
    if (table) return flags_of_table(kernel.memory(), *table, wanted);
    if (table.error().code != ErrorCode::NotFound) return fail(table.error());
    return std::vector<NamedFlag>(lasting_flags.begin(), lasting_flags.end());
}

}  // namespace

Result<std::string> vm_flag_names(const Kernel& kernel, std::uint64_t flags) {
    const auto known = known_flags(kernel, flags);
    if (!known) return fail(known.error());
    std::string names;
    std::uint64_t unnamed = flags;
    for (const NamedFlag& flag : *known) {
        if ((unnamed & flag.bits) != flag.bits) continue;
        names += (names.empty() ? "" : "|") + flag.name;
        unnamed &= ~flag.bits;
    }
    if (unnamed != 0) names += fmt::format("{}{:#x}", names.empty() ? "" : "|", unnamed);
    return names;
}

Result<std::string> vm_flags_text(const CrashDump& dump, std::uint64_t flags) {
    return vm_flag_names(dump.kernel(), flags).map([flags](const std::string& names) {
        return fmt::format("{:x}: ({})\n", flags, names);
    });
}

}  // namespace postmortem
