// An ELF file with a kernel's debugging information in it: mapped, its section table checked against the
// file's size before anything trusts it. Knows ELF through libelf; what the sections mean is known elsewhere.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"

struct Elf;

namespace postmortem {

struct ElfSection {
    std::string name;
    std::uint32_t type = 0;   ///< SHT_*
    std::uint64_t flags = 0;  ///< SHF_*
    std::uint64_t address = 0;
    std::uint64_t size = 0;  ///< as the section header says; `bytes` is shorter only for SHT_NOBITS
    std::uint32_t link = 0;
    Bytes bytes;  ///< as they lie in the file, compressed or not; borrowed from the ElfFile

    bool compressed() const;
};

/// Closes what libelf allocated for a handle.
struct ElfCloser {
    void operator()(Elf* elf) const;
};
using ElfHandle = std::unique_ptr<Elf, ElfCloser>;

/// Immutable after open(), thread-safe.
class ElfFile {
  public:
    /// Errors: Io; Unsupported for what is not an ELF file (the message says what it is instead: a boot
    /// image, a dump, …); Corrupt where the section table does not fit into the file: a truncated copy,
    /// mostly.
    static Result<ElfFile> open(const std::filesystem::path& path);

    const std::string& path() const { return file_.path(); }
    Bytes bytes() const { return file_.bytes(); }
    std::uint16_t type() const { return type_; }        ///< ET_*
    std::uint16_t machine() const { return machine_; }  ///< EM_*
    bool is_64_bit() const { return is_64_bit_; }
    Endian endian() const { return endian_; }

    /// Index 0 is ELF's own null section, so that symbols' section numbers fit.
    const std::vector<ElfSection>& sections() const { return sections_; }
    const ElfSection* section(std::string_view name) const;
    bool has_debug_info() const;

    /// NT_GNU_BUILD_ID as lower-case hex; empty where there is none.
    const std::string& build_id() const { return build_id_; }

    /// A fresh libelf handle on the same file, for libdw.
    Result<ElfHandle> handle() const;

  private:
    Result<void> read_sections();
    void read_build_id();

    MappedFile file_;
    std::uint16_t type_ = 0, machine_ = 0;
    bool is_64_bit_ = true;
    Endian endian_ = host_endian;
    std::vector<ElfSection> sections_;
    std::string build_id_;
};

}  // namespace postmortem
