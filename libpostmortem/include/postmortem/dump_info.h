// What a dump file is and what it holds, whether or not its kernel is understood.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/crash_dump.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

/// Page frames from `first_pfn` up to, but not including, `end_pfn`.
struct FrameRange {
    std::uint64_t first_pfn = 0, end_pfn = 0;
};

/// ELF notes of one name and type.
struct NoteKind {
    std::string name;
    std::uint32_t type = 0;
    std::uint64_t count = 0, bytes = 0;
};

struct DumpHeaderField {
    std::string name, value;
};

/// Neighbouring page frames that cannot be read, all for one kind of reason.
struct DamagedRange {
    FrameRange frames;
    ErrorCode code = ErrorCode::Corrupt;
    std::string reason;  ///< of the first of them
};

/// What reading and decoding every page came to.
struct DumpCheck {
    std::uint64_t readable = 0, unreadable = 0;  ///< page frames
    std::vector<DamagedRange> damaged;           ///< the first 10,000 of them
    std::uint64_t damaged_unlisted = 0;          ///< how many more there are
};

struct DumpInformation {
    std::string path;                ///< as it was given
    std::vector<std::string> files;  ///< those that were read
    std::string format;
    std::string machine;     ///< as uname -m; empty where the dump does not tell
    std::string byte_order;  ///< "little-endian" or "big-endian"
    std::uint32_t page_bytes = 0;
    std::string release, version, nodename;
    std::optional<std::uint32_t> level;  ///< makedumpfile's -d, where the format records it
    bool incomplete = false;             ///< its writer flagged it as cut short
    std::optional<std::int64_t> written_unix_seconds;
    std::optional<std::uint32_t> crashed_cpu, cpu_count;
    std::vector<DumpHeaderField> header;

    std::optional<std::uint64_t> existing_pages;  ///< that the machine had, as far as the dump tells
    std::uint64_t promised_pages = 0;             ///< that the dump says it holds
    std::optional<std::uint64_t> excluded_pages;  ///< that were left out on purpose
    std::vector<FrameRange> memory;               ///< the machine's, the first 10,000 stretches
    std::uint64_t memory_unlisted = 0;            ///< how many more there are
    std::vector<NoteKind> notes;                  ///< the first 1,000 kinds
    std::uint64_t notes_unlisted = 0;             ///< how many notes are of other kinds

    std::string vmcoreinfo;         ///< the text
    std::string vmcoreinfo_source;  ///< "the dump's headers", "memory at 0x…"; empty where there is none
    std::string build_id;           ///< of the kernel, lower-case hex
    std::string vmlinux;            ///< the matching one that was found; empty where there is none
    std::optional<DumpCheck> check;
    Problems problems;
};

struct DumpInfoRequest {
    OpenOptions open;
    bool check = false;  ///< read and decode every page, on all cores
    /// Called now and then by one thread while pages are read: frames done, and in all.
    std::function<void(std::uint64_t done, std::uint64_t total)> checking;
};

/// Errors: those of opening.
POSTMORTEM_API Result<DumpInformation> dump_information(const std::filesystem::path& path,
                                                        const DumpInfoRequest& request = {});

POSTMORTEM_API std::string to_text(const DumpInformation& info);
/// VMCOREINFO alone; empty where there is none.
POSTMORTEM_API std::string vmcoreinfo_to_text(const DumpInformation& info);
POSTMORTEM_API std::string to_json(const DumpInformation& info);

}  // namespace postmortem
