// Where values or strings lie in memory. What `search` prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/crash_dump.h>
#include <postmortem/problem.h>
#include <postmortem/process_status.h>
#include <postmortem/task_choice.h>

namespace postmortem {

struct MemorySearchRequest {
    enum class Where {
        Kernel,       ///< all that the kernel maps
        Linear,       ///< of that the direct map and the kernel's image
        Mapped,       ///< of that the rest: what vmalloc() and modules have, and the page structs
        User,         ///< what a task maps
        Physical,     ///< physical memory
        Stacks,       ///< the kernel stack of each task
        ActiveStacks  ///< of each task that a CPU was running
    };
    Where where = Where::Kernel;
    TaskChoice whose = {};   ///< user memory; without a selector: of the task that brought the kernel down
    std::string start, end;  ///< addresses or symbols; empty: the whole of it
    std::optional<std::uint64_t> length;
    std::uint32_t unit = 0;            ///< bytes of a value, at addresses that it divides; 0: of a long
    std::vector<std::string> values;   ///< symbols, hexadecimal numbers, or expressions in brackets
    std::vector<std::string> strings;  ///< in place of values: at any address
    std::uint64_t mask = 0;            ///< bits that make no difference
    std::size_t context = 0;           ///< values to show before and behind each
    std::size_t most = 1u << 20;       ///< matches
};

struct MemoryMatch {
    std::uint64_t address = 0;
    std::uint64_t value = 0;
    std::string name;  ///< what was asked for, where that was no number
    std::string text;  ///< of a string: it, and what stands behind
    std::vector<std::uint64_t> before, behind;
    std::optional<TaskMention> task;  ///< on whose stack it lies, where stacks are searched
};

struct MemorySearch {
    std::uint32_t unit = 8;
    bool strings = false;
    bool big_endian = false;  ///< how values lie in memory
    std::optional<std::uint64_t>
        rounded_start;  ///< where it began, if the start that was named is in the middle of a word
    std::vector<MemoryMatch> matches;  ///< by address; of stacks task by task
    std::uint64_t pages = 0;           ///< that were looked at
    std::uint64_t unreadable = 0;      ///< that the dump should hold and does not give
    std::uint64_t excluded = 0;        ///< pages that the dump filter left out
    Problems problems;
};

/// InvalidArgument, NotFound; NotMapped of a task without memory of its own. No match is no error.
POSTMORTEM_API Result<MemorySearch> search_memory(const CrashDump& dump, const MemorySearchRequest& request);
POSTMORTEM_API std::string to_text(const MemorySearch& search);
POSTMORTEM_API std::string to_json(const MemorySearch& search);
POSTMORTEM_API std::string to_ndjson(const MemorySearch& search);

}  // namespace postmortem
