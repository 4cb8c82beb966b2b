#include "arch/registry.h"

#include <elf.h>
#include <fmt/format.h>

#include "arch/arm64/arm64.h"
#include "arch/i386/i386.h"
#include "arch/ppc64/ppc64.h"
#include "arch/riscv64/riscv64.h"
#include "arch/s390x/s390x.h"
#include "arch/x86_64/x86_64.h"

namespace postmortem {
namespace {

constexpr const Arch* architectures[] = {&x86_64::arch,  &i386::arch,  &arm64::arch,
                                         &riscv64::arch, &s390x::arch, &ppc64::arch};

std::string known_names() {
    std::string names;
    for (const Arch* arch : architectures)
        names += fmt::format("{}{}",
                             names.empty()                         ? ""
                             : arch == std::end(architectures)[-1] ? " and "
                                                                   : ", ",
                             arch->name);
    return names;
}

}  // namespace

Result<const Arch*> find_arch(const DumpFile& dump, const VmcoreInfo& info) {
    const std::uint16_t machine = dump.machine();
    for (const Arch* arch : architectures) {
        const bool unnamed = machine == EM_NONE && arch->recognises && arch->recognises(info);
        if (arch->elf_machine == machine || unnamed) return arch;
    }
    return fail(ErrorCode::Unsupported,
                fmt::format("a dump of ELF machine {}: only {} can be read; `postmortem rd -p` reads its "
                            "physical memory all the same",
                            machine, known_names()));
}

const Arch* arch_of(std::uint16_t elf_machine) {
    for (const Arch* arch : architectures)
        if (arch->elf_machine == elf_machine) return arch;
    return nullptr;
}

const LayoutClues& layout_clues(const Arch& arch) {
    static constexpr LayoutClues none = {};
    if (&arch == &x86_64::arch) return x86_64::layout_clues;
    return &arch == &i386::arch ? i386::layout_clues : none;
}

}  // namespace postmortem
