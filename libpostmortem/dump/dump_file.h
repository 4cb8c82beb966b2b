// What every dump format looks like from above: pages by physical address, the notes, and what the writer
// said of itself. One file per format below; everything else in the library sees only this.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace postmortem {

/// The part of one page frame that a dump holds: `bytes` start `offset` bytes into the frame. It is the whole
/// frame except where an ELF segment begins or ends in the middle of one.
struct PageBytes {
    Bytes bytes;
    std::uint32_t offset = 0;
};

/// One ELF note, as it lies in the dump. The bytes belong to the DumpFile.
struct Note {
    std::string_view name;
    std::uint32_t type = 0;
    Bytes desc;
};

/// The `utsname` that kdump-compressed headers carry (each field up to its NUL; empty where unknown).
struct Utsname {
    std::string sysname, nodename, release, version, machine, domainname;
};

/// One part of a split dump: the page frames from `first_pfn` up to, but not including, `end_pfn`.
struct SplitPart {
    std::uint64_t first_pfn = 0, end_pfn = 0;
    bool operator==(const SplitPart&) const = default;
};

/// A field of a format's own headers, in words, for people who look at a damaged file.
struct HeaderField {
    std::string name, value;
};

/// What the file says of itself; every field is a claim of an untrusted writer.
struct DumpInfo {
    std::filesystem::path file;  ///< the file that was opened, also where a directory was given
    std::string format;  ///< e.g. "kdump-compressed v6", "ELF vmcore", "flattened kdump-compressed v6"
    std::optional<std::uint32_t> dump_level;   ///< makedumpfile's -d, where the format records it
    std::optional<std::uint64_t> phys_base;    ///< from the kdump sub-header; VMCOREINFO is to be preferred
    std::optional<std::uint32_t> crashed_cpu;  ///< current_cpu of the kdump header
    std::optional<std::uint32_t> cpu_count;    ///< nr_cpus of the kdump header
    std::optional<std::int64_t>
        timestamp;  ///< seconds since the epoch; when the dump was written, not the crash
    /// One past the highest page frame that the dump could hold. A damaged ELF header can put it anywhere:
    /// walk with DumpFile::next_frame().
    std::uint64_t max_pfn = 0;
    bool incomplete = false;  ///< the writer itself flagged the dump as cut short
    Utsname utsname;
    std::optional<SplitPart> part;             ///< where the file alone is a part of a dump
    std::vector<std::filesystem::path> files;  ///< all files that the dump was read from
    std::vector<HeaderField> header;
};

class ByteSource;
class TemporarySpace;

/// What a look at all of a dump's tables shows.
struct TablesFinding {
    bool promised_certain = true;  ///< which pages the dump holds
    bool existing_certain = true;  ///< which frames the machine had
    std::vector<Error> problems;   ///< those that opening did not show, as it does not look at all of them
};

/// A file that came with the dump in one archive, such as the vmlinux. Opening may unpack it.
struct Attachment {
    std::string name;
    std::filesystem::path place;  ///< with that of the archive
    std::function<Result<std::unique_ptr<ByteSource>>()> open;
    std::shared_ptr<TemporarySpace> space;  ///< for a copy of it
};

/// Page frames from `first_pfn` up to, but not including, `end_pfn`.
struct FrameRun {
    std::uint64_t first_pfn = 0, end_pfn = 0;
};
using FrameRunVisitor = std::function<void(FrameRun)>;

class DumpFile {
  public:
    virtual ~DumpFile() = default;

    virtual const DumpInfo& info() const = 0;
    virtual std::uint32_t page_size() const = 0;
    virtual Endian endian() const = 0;
    /// ELF's e_machine of the crashed machine (EM_X86_64 = 62, …); 0 where the dump does not tell.
    virtual std::uint16_t machine() const = 0;

    /// The page frame that holds physical address `paddr`. The bytes either lie in the mapped file, where
    /// they stay valid as long as this object, or were decoded into `scratch`, which holds at least
    /// page_size() bytes. Of a frame that is there only in part: the run of bytes that `paddr` lies in, or
    /// else the next one in the frame, so the start of a frame asks for its first run, and an address within
    /// the frame for what is wrong with that one. Errors: PageExcluded, PageMissing, NoSuchMemory, Corrupt,
    /// Unsupported. Never zeros in place of absent bytes. Safe to call from several threads at once.
    virtual Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const = 0;

    /// The lowest page frame number from `pfn` on that the dump should hold something of (the page may still
    /// turn out to be missing or damaged); nothing where none follows. Decodes nothing. The way to walk all
    /// of memory: a machine's page frames may lie far apart.
    virtual std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const;

    /// Sets bit i of `bits` (the lowest bit of the first byte is bit 0) where the machine had memory at page
    /// frame first_pfn + i, as far as the dump tells: dumped, excluded or lost. Decodes nothing. `first_pfn`
    /// must be a multiple of 8, and `bits` all clear.
    virtual void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const;

    /// The same two in runs that are as long as they can be, ascending: for whoever wants all of a machine of
    /// terabytes and cannot ask for one frame after the other.
    virtual void each_promised_run(const FrameRunVisitor& visit) const;
    virtual void each_existing_run(const FrameRunVisitor& visit) const;
    /// Further frames that the dump should hold, and of which its headers alone show that something is
    /// missing: they lie behind the end of the file. None of a format that promises such frames like all
    /// others.
    virtual void each_lost_run(const FrameRunVisitor&) const {}

    /// The VMCOREINFO text, empty where the dump has none.
    virtual std::string_view vmcoreinfo() const = 0;

    /// Every ELF note in file order (NT_PRSTATUS per CPU, QEMU's CPU state, VMCOREINFO, …).
    virtual const std::vector<Note>& notes() const = 0;

    /// What is wrong with the file as a whole, one sentence each: truncated, notes unreadable, header fields
    /// that contradict each other. Opening succeeded all the same.
    virtual const std::vector<Error>& problems() const = 0;
    /// Costs what going through all promised and existing runs costs, and nothing behind these.
    virtual TablesFinding check_tables() const { return {}; }
    /// Of a part of a split dump: where the tables that all parts have alike are damaged, and those of `part`
    /// are not, it takes those. Before anybody else has it; `part` has to live as long.
    virtual void mend_tables_from(const DumpFile&) {}
    /// For whoever found the file and knows something of its surroundings; before anybody else has it.
    virtual void add_problem(Error) {}

    const std::vector<Attachment>& attachments() const { return attachments_; }
    void attach(Attachment file) { attachments_.push_back(std::move(file)); }

  private:
    std::vector<Attachment> attachments_;
};

/// Whether the first bytes of a file are those of a dump of any known format, wrapped or not.
bool looks_like_dump(Bytes head);

/// The same, of a file: also one that is compressed, or an archive that holds a dump.
bool looks_like_dump_file(const std::filesystem::path& path);

struct DumpOptions {
    /// Further parts of a split dump. Those that lie beside the first are found without being named.
    std::vector<std::filesystem::path> more_files = {};
    /// Where a compressed dump is unpacked to, into a file without a name; by default $TMPDIR, or /var/tmp.
    std::filesystem::path temporary_folder = {};
    /// How much of it may be used; what is zero takes no room.
    std::uint64_t max_temporary_bytes = ~0ull;
    /// Called now and then while a dump is unpacked: bytes of the compressed file done, and in all.
    std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

/// Opens a dump of any known format, told by its content. `path` may be a directory such as /var/crash/DATE:
/// the one dump in it is taken (vmcore, vmcore.flat, dump.DATE, …); an archive that holds a dump; a part of
/// a split dump, whose other parts are looked for beside it; or FILE@ADDRESS[,FILE@ADDRESS…], plain images of
/// memory. Errors, each with the file's name: Io; NotFound (a directory without a dump); Unsupported (not a
/// known format); Corrupt (a known format whose headers cannot be used).
Result<std::unique_ptr<DumpFile>> open_dump(const std::filesystem::path& path,
                                            const DumpOptions& options = {});

}  // namespace postmortem
