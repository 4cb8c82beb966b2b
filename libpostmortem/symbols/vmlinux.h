// A vmlinux (or vmlinux.debug) file: its build-id, ELF symbol table, BTF section, and the DWARF in it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "symbols/symbol_table.h"

namespace postmortem {

class Vmlinux {
  public:
    /// Errors: Io; Unsupported (not an ELF file); Corrupt; InvalidArgument where `build_id` (hex, lower case)
    /// is given and the file's own differs: the message holds both.
    static Result<std::unique_ptr<Vmlinux>> open(const std::filesystem::path& path,
                                                 const std::optional<std::string>& build_id);
    virtual ~Vmlinux() = default;

    virtual const std::filesystem::path& path() const = 0;
    virtual const std::string& build_id() const = 0;

    /// The ELF symbol table, each address shifted by `slide` (KERNELOFFSET).
    virtual Result<std::unique_ptr<SymbolTable>> symbols(std::uint64_t slide) const = 0;

    /// The .BTF section; NotFound where there is none.
    virtual Result<std::vector<std::byte>> btf() const = 0;
};

/// Where a vmlinux was looked for, and what was found.
struct VmlinuxQuery {
    std::string build_id;          ///< hex; may be empty
    std::string release;           ///< uname -r
    std::filesystem::path beside;  ///< the dump's directory
    bool use_debuginfod = true;    ///< only acts when DEBUGINFOD_URLS is set
};

/// Looks in /usr/lib/debug/.build-id, /usr/lib/debug/boot, /usr/lib/debug/lib/modules/REL,
/// /lib/modules/REL/build, /boot, beside the dump, then asks debuginfod. A candidate of another build is
/// passed over. NotFound lists what to install.
Result<std::unique_ptr<Vmlinux>> find_vmlinux(const VmlinuxQuery& query);

}  // namespace postmortem
