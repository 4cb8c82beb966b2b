// The bits of vm_area_struct.vm_flags were dealt out anew many times: the kernel's own table tells
// (vmaflag_names, mm/debug.c, since 4.6: edf14cdbf9a0), which its reports of damaged areas are printed with.
#include <cctype>

#include <fmt/format.h>

#include <postmortem/address_spaces.h>
#include <postmortem/crash_dump.h>

#include "kernel/kernel.h"

namespace postmortem {

Result<std::string> vm_flags_text(const CrashDump& dump, std::uint64_t flags) {
    constexpr std::size_t most_names = 128, longest_flag = 32;
    const Kernel& kernel = dump.kernel();
    const auto table = kernel.symbol("vmaflag_names");
    if (!table) return fail(table.error());
    const std::uint64_t word = kernel.memory().word_size();
    std::string names;
    std::uint64_t unnamed = flags;
    for (std::size_t i = 0; i < most_names && unnamed != 0; ++i) {
        const auto bits = kernel.memory().word(*table + 2 * i * word);
        const auto where = kernel.memory().word(*table + (2 * i + 1) * word);
        if (!bits || !where) return fail(!bits ? bits.error() : where.error());
        if (*where == 0) break;
        if ((unnamed & *bits) != *bits) continue;
        auto name = kernel.memory().c_string(*where, longest_flag);
        if (!name) return fail(name.error());
        for (char& c : *name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        names += (names.empty() ? "" : "|") + *name;
        unnamed &= ~*bits;
    }
    if (unnamed != 0) names += fmt::format("{}{:#x}", names.empty() ? "" : "|", unnamed);
    return fmt::format("{:x}: ({})\n", flags, names);
}

}  // namespace postmortem
