// The DWARF of a vmlinux as a libdw handle, with the file that dwz moved common parts to. Checks what libdw
// would take on trust: sizes of compressed sections, and that the other file is there and the right one.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "symbols/elf_file.h"

struct Dwarf;

namespace postmortem {

struct DwarfCloser {
    void operator()(Dwarf* dwarf) const;
};

/// libdw fills caches behind its calls and takes no locks of its own: whoever calls into it holds lock().
class DwarfFile {
  public:
    /// `file` must outlive it. Errors: MissingDebugInfo (no DWARF, or the dwz file is missing); Unsupported;
    /// Corrupt.
    static Result<std::unique_ptr<DwarfFile>> open(const ElfFile& file);

    Dwarf* get() const { return dwarf_.get(); }
    /// The file that dwz moved common parts to; null where there is none.
    Dwarf* alternate() const { return alternate_.get(); }
    std::mutex& lock() const { return lock_; }
    const ElfFile& file() const { return *file_; }

    /// Every .debug_str that names may lie in, unpacked; empty where some name need not lie in one.
    std::vector<Bytes> string_sections() const;

  private:
    explicit DwarfFile(const ElfFile& file) : file_(&file) {}
    Result<void> open_alternate(const ElfSection& link);

    // Destroyed from the last to the first: a Dwarf before the Elf it reads, that before the mapping.
    const ElfFile* file_;
    std::unique_ptr<ElfFile> alternate_file_;
    ElfHandle alternate_elf_;
    std::unique_ptr<Dwarf, DwarfCloser> alternate_;
    ElfHandle elf_;
    std::unique_ptr<Dwarf, DwarfCloser> dwarf_;
    mutable std::mutex lock_;
};

}  // namespace postmortem
