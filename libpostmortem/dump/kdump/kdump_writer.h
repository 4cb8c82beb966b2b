// Writes a kdump-compressed file that holds chosen pages of another dump: the format of makedumpfile, version
// 6, for crash, drgn and makedumpfile as much as for us.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dump/dump_file.h"
#include "dump/pages/codec.h"

namespace postmortem {

struct KdumpContent {
    /// Where notes, VMCOREINFO and the headers' facts come from, and which page frames existed: a frame that
    /// existed and is not among `pfns` reads back as excluded, another as memory that the machine did not
    /// have.
    const DumpFile& source;
    /// The page frames to write, ascending.
    std::span<const std::uint64_t> pfns;
    /// The bytes of a page frame, a whole one; the buffer has room for a page. Where it fails with
    /// PageExcluded or NoSuchMemory the page is left out; with any other error it is written as a page that
    /// was lost. By default the page of `source`.
    std::function<Result<Bytes>(std::uint64_t pfn, MutableBytes scratch)> page = {};
    /// For a source that does not carry it, such as an ELF core.
    std::optional<Utsname> utsname = std::nullopt;
    /// How many frames the machine had, as its kernel says: what the source claims beyond is not written
    /// down.
    std::optional<std::uint64_t> frames = std::nullopt;
    /// In place of the source's own text, where it had to be found otherwise.
    std::optional<std::string_view> vmcoreinfo = std::nullopt;
    /// Written behind the source's own, and in place of those of the same name and type.
    std::vector<Note> more_notes = {};
    /// What the header gives as makedumpfile's -d: readers use it only to explain what is not there.
    std::uint32_t dump_level = 31;
};

struct KdumpOptions {
    Codec codec = Codec::Zstd;  ///< Raw, Zlib or Zstd
    int level = 3;              ///< of that codec
};

struct KdumpWritten {
    std::uint64_t pages = 0;       ///< written, the zero ones included
    std::uint64_t zero_pages = 0;  ///< all of which share one place
    std::uint64_t lost = 0;        ///< could not be had, and are marked as lost
    std::uint64_t left_out = 0;    ///< asked for, and not in the source
    std::uint64_t bytes = 0;       ///< the size of the file
    /// From this frame on the existing ones are noted near those that were written alone: a dump may claim
    /// any number, and each takes a bit.
    std::optional<std::uint64_t> noted_in_part;
};

/// Writes `target`, readable by the owner only, as a crash dump holds secrets. It appears when it is
/// complete: until then it is a temporary file beside it, which does not survive a failure. Errors: Io;
/// InvalidArgument (page frames not ascending); Unsupported (a codec or a machine that cannot be written).
Result<KdumpWritten> write_kdump(const std::filesystem::path& target, const KdumpContent& content,
                                 const KdumpOptions& options = {});

}  // namespace postmortem
