// Where in the source an instruction of the kernel comes from: file, line, and the calls that the compiler
// inlined. From the DWARF of a vmlinux (versions 2 to 5); only the compile units that are asked about are
// read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "symbols/vmlinux.h"

namespace postmortem {

/// One function that an instruction belongs to, and the place in it. The text is the file's own: untrusted.
struct SourceFrame {
    std::string function;     ///< as DWARF names it, without .isra.0 and the like; empty for most assembly
    std::string file;         ///< as addr2line prints it: joined with the build's folder where it is relative
    unsigned line = 0;        ///< 0 (and no file) where the compiler gave none
    bool is_inlined = false;  ///< inlined into the frame after it
};

/// Thread-safe; answers are kept.
class SourceLines {
  public:
    /// Errors: those of Vmlinux::dwarf(). `vmlinux` must outlive it.
    static Result<std::unique_ptr<SourceLines>> open(const Vmlinux& vmlinux);
    virtual ~SourceLines() = default;

    /// The functions that the instruction at a link-time address (the run-time address minus KERNELOFFSET)
    /// belongs to, the innermost first: its place is the instruction's own; that of every further frame is
    /// the line of the call that was inlined. The last frame is the function that exists in the symbol table.
    /// Never empty. For a return address ask for the byte before it: the call, not what follows. Errors:
    /// NotFound where no compile unit covers the address (modules, trampolines, assembly without DWARF);
    /// Corrupt.
    virtual Result<std::vector<SourceFrame>> at(std::uint64_t link_address) const = 0;
};

}  // namespace postmortem
