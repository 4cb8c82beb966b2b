// A vmlinux (or vmlinux.debug) file: its build-id, ELF symbol table, BTF section, and the DWARF in it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "symbols/kernel_build.h"
#include "symbols/symbol_table.h"

namespace postmortem {

struct Attachment;
class DwarfFile;

/// Thread-safe for readers. Opening maps the file and reads its section table and build-id, nothing more.
class Vmlinux {
  public:
    /// Errors: Io; Unsupported (not an ELF file: the message says what it is instead, or a module); Corrupt
    /// (truncated); MissingDebugInfo (neither symbols nor types in it); InvalidArgument where `build_id`
    /// (hex) is given and the file's own differs: the message holds both.
    static Result<std::unique_ptr<Vmlinux>> open(const std::filesystem::path& path,
                                                 const std::optional<std::string>& build_id);
    /// The same of a file that came in one archive with the dump; it is copied to a file without a name.
    static Result<std::unique_ptr<Vmlinux>> open(const Attachment& file,
                                                 const std::optional<std::string>& build_id);
    virtual ~Vmlinux() = default;

    virtual const std::filesystem::path& path() const = 0;
    /// Lower-case hex; empty where the file has none.
    virtual const std::string& build_id() const = 0;
    /// Its linux_banner, and the release in it, are empty where the file has no data (.debug files).
    virtual KernelBuild build() const = 0;
    /// Of a pointer.
    virtual std::uint32_t word_bytes() const = 0;
    /// ELF's number of the machine.
    virtual std::uint16_t machine() const = 0;

    /// The ELF symbol table, each address shifted by `slide` (KERNELOFFSET). The table borrows from this
    /// file. Errors: MissingDebugInfo where the file is stripped; Corrupt.
    virtual Result<std::unique_ptr<SymbolTable>> symbols(std::uint64_t slide) const = 0;

    /// The .BTF section; NotFound where there is none.
    virtual Result<std::vector<std::byte>> btf() const = 0;

    virtual bool has_dwarf() const = 0;
    /// The DWARF, opened when this is first called. Errors: MissingDebugInfo (none, or it refers to a file
    /// that is not there); Corrupt; Unsupported (a compression that the installed libelf lacks).
    virtual Result<DwarfFile*> dwarf() const = 0;
};

/// What to look for, and where.
struct VmlinuxQuery {
    std::string build_id;              ///< hex; may be empty
    std::string release;               ///< uname -r
    std::filesystem::path beside;      ///< the dump's directory; may be empty
    bool use_debuginfod = true;        ///< only acts when DEBUGINFOD_URLS is set
    std::filesystem::path root = "/";  ///< the file system that is searched

    /// Called about once a second while debuginfod transfers: bytes done and bytes in all (0 while unknown).
    /// Returning false gives up.
    std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
};

/// Looks in /usr/lib/debug/.build-id, /usr/lib/debug/boot, /usr/lib/debug/lib/modules/REL,
/// /lib/modules/REL/build, /boot and beside the dump, then asks debuginfod. A candidate of another build, or
/// one that cannot be read, is passed over; one with DWARF goes before one without. NotFound says where it
/// looked, why candidates were passed over, and what to install.
Result<std::unique_ptr<Vmlinux>> find_vmlinux(const VmlinuxQuery& query);

/// One clause about how to get the debug symbols of a kernel, in the words of the distribution that the
/// release string gives away.
std::string vmlinux_install_hint(std::string_view release);

}  // namespace postmortem
