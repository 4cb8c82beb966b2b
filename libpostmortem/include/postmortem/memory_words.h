// Words of memory, as numbers, symbols or text. What `rd` prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <postmortem/crash_dump.h>
#include <postmortem/problem.h>
#include <postmortem/task_choice.h>

namespace postmortem {

struct MemoryWordsRequest {
    /// A symbol, or an address: of the kernel, or where the kernel has none or `user` is set, of a task.
    std::string at;
    bool user = false;
    TaskChoice whose = {};  ///< user memory; without a selector: of the task that brought the kernel down
    std::optional<std::uint64_t> count;
    std::optional<std::uint64_t> end;  ///< up to this address, in place of a count
    std::int64_t offset = 0;           ///< from there
    std::uint32_t word_size = 0;       ///< 1, 2, 4, 8; 0 is that of a long
    bool symbols = false;              ///< name what words point at
    bool caches = false;           ///< with `symbols`: the slab caches of what has no symbol, too: "[dentry]"
    bool cache_addresses = false;  ///< with `caches`: "[ffff888c4126a0c0:dentry]"
    bool text = false;             ///< characters that can be printed
    bool network_order = false;    ///< words of two and four bytes turned around
    bool reverse = false;          ///< up to the address
};

/// Characters that can be printed, one behind the other.
struct MemoryText {
    std::uint64_t address = 0;
    std::string text;
};

struct MemoryWords {
    std::uint64_t address = 0;
    std::uint32_t word_size = 8;
    bool big_endian = false;
    std::vector<std::uint64_t> words;
    std::vector<std::string> symbols;   ///< for each word; empty where it points at none
    std::optional<std::string> text;    ///< in place of words
    std::vector<MemoryText> more_text;  ///< behind bytes that cannot be printed
    Problems problems;
};

/// What can be read from there on: it ends, with a problem, at the first word that the dump does not hold.
/// NotFound, InvalidArgument; the memory's error where not even the first word is there.
POSTMORTEM_API Result<MemoryWords> memory_words(const CrashDump& dump, const MemoryWordsRequest& request);

/// The bytes themselves: `count` of the request, or up to its `end`; all of them or none. InvalidArgument
/// where neither is there; else as memory_words().
struct MemoryBytes {
    std::uint64_t address = 0;
    std::vector<std::byte> bytes;
};
POSTMORTEM_API Result<MemoryBytes> memory_bytes(const CrashDump& dump, const MemoryWordsRequest& request);
/// A file of these bytes, which appears under its name when it is whole. Io.
POSTMORTEM_API Result<void> write_to_file(const std::filesystem::path& path,
                                          std::span<const std::byte> bytes);

/// A character of the text: it goes on with what ends at this address, or begins another piece.
POSTMORTEM_API void add_character(MemoryWords& words, std::uint64_t address, char character);

struct MemoryWordsStyle {
    enum class Radix : std::uint8_t { Hexadecimal, Decimal, Unsigned } radix = Radix::Hexadecimal;
    bool characters = true;  ///< at the end of each line
};
POSTMORTEM_API std::string to_text(const MemoryWords& words, const MemoryWordsStyle& style = {});
POSTMORTEM_API std::string to_json(const MemoryWords& words);

}  // namespace postmortem
