#include "dump/machine.h"

#include <algorithm>
#include <array>

#include <elf.h>

namespace postmortem {
namespace {

struct Machine {
    std::string_view prefix;  // of what uname -m prints; the longer one first
    std::uint16_t elf;
    std::uint32_t word;
};

constexpr std::array<Machine, 18> machines = {{{"x86_64", EM_X86_64, 8},
                                               {"aarch64", EM_AARCH64, 8},
                                               {"arm64", EM_AARCH64, 8},
                                               {"ppc64", EM_PPC64, 8},
                                               {"s390x", EM_S390, 8},
                                               {"riscv64", EM_RISCV, 8},
                                               {"riscv32", EM_RISCV, 4},
                                               {"loongarch64", em_loongarch, 8},
                                               {"ia64", EM_IA_64, 8},
                                               {"mips64", EM_MIPS, 8},
                                               {"sparc64", EM_SPARCV9, 8},
                                               {"parisc64", EM_PARISC, 8},
                                               {"arm", EM_ARM, 4},
                                               {"ppc", EM_PPC, 4},
                                               {"s390", EM_S390, 4},
                                               {"mips", EM_MIPS, 4},
                                               {"parisc", EM_PARISC, 4},
                                               {"alpha", EM_ALPHA, 8}}};

const Machine* find(std::string_view uname_machine) {
    const auto found = std::find_if(machines.begin(), machines.end(),
                                    [&](const Machine& m) { return uname_machine.starts_with(m.prefix); });
    return found == machines.end() ? nullptr : &*found;
}

}  // namespace

bool is_i386(std::string_view uname_machine) {
    return uname_machine.size() == 4 && uname_machine[0] == 'i' && uname_machine[1] >= '3' &&
           uname_machine[1] <= '6' && uname_machine.ends_with("86");
}

std::uint16_t elf_machine_of(std::string_view uname_machine) {
    if (is_i386(uname_machine)) return EM_386;
    const Machine* machine = find(uname_machine);
    return machine ? machine->elf : std::uint16_t{0};
}

std::string_view uname_machine_of(std::uint16_t elf_machine, Endian endian) {
    switch (elf_machine) {
        case EM_386: return "i686";
        case EM_ARM: return "armv7l";
        case EM_PPC64: return endian == Endian::Little ? "ppc64le" : "ppc64";
        case EM_S390: return "s390x";
        case EM_RISCV: return "riscv64";
        default: break;
    }
    const auto found = std::find_if(machines.begin(), machines.end(),
                                    [&](const Machine& m) { return m.elf == elf_machine; });
    return found == machines.end() ? std::string_view() : found->prefix;
}

std::uint32_t word_size_of(std::string_view uname_machine) {
    if (is_i386(uname_machine)) return 4;
    const Machine* machine = find(uname_machine);
    return machine ? machine->word : 0;
}

}  // namespace postmortem
