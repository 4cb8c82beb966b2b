// The answer to `vm`: what the address space of a task was made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>
#include <postmortem/process_status.h>
#include <postmortem/task_choice.h>

namespace postmortem {

class CrashDump;

/// A page of a process: in memory, swapped out, or where it would come from.
struct UserPage {
    std::uint64_t address = 0;
    std::optional<std::uint64_t> physical;
    std::string swap_file;  ///< untrusted; empty unless it was swapped out
    std::uint64_t swap_page = 0;
    std::string file;  ///< untrusted; empty unless it would be read from there
    std::uint64_t file_offset = 0;
    bool unknown = false;  ///< the page tables could not be read
};

struct UserArea {
    std::uint64_t area = 0;  ///< address of its vm_area_struct
    std::uint64_t start = 0, end = 0;
    std::uint64_t flags = 0;  ///< VM_*
    std::string file;         ///< untrusted; empty for anonymous memory
    std::vector<UserPage> pages;
};

struct TaskAddressSpace {
    TaskMention task;
    std::uint64_t mm = 0;   ///< mm_struct; 0 for a task without user memory
    std::uint64_t pgd = 0;  ///< its page tables
    std::optional<std::uint64_t> rss_kib, total_kib;
    std::vector<UserArea> areas;
};

struct AddressSpaces {
    std::vector<TaskAddressSpace> tasks;
    unsigned physical_digits = 8;  ///< how wide crash makes its column of physical addresses
    unsigned virtual_digits = 10;
    Problems problems;
};

/// Where a request looks for something, a task whose address space has it not is left out, and so are areas.
struct AddressSpaceRequest {
    TaskChoice which;    ///< without a selector: the task that brought the kernel down
    bool pages = false;  ///< -p
    /// -R: the address of an mm_struct, page table, area or page, an area's flags, or (a part of) a file's
    /// path.
    std::string reference = {};
    std::optional<std::uint64_t> area = {};  ///< -P: of this vm_area_struct alone, with pages
};

POSTMORTEM_API Result<AddressSpaces> address_spaces(const CrashDump& dump,
                                                    const AddressSpaceRequest& request);

/// `vm -f`: the names of an area's flags, as this kernel has them: "75: (READ|EXEC|…)".
POSTMORTEM_API Result<std::string> vm_flags_text(const CrashDump& dump, std::uint64_t flags);

struct AddressSpacePrinting {
    bool pages = false;      ///< -p
    bool one_area = false;   ///< -P
    bool reference = false;  ///< -R
};
POSTMORTEM_API std::string to_text(const AddressSpaces& spaces, const AddressSpacePrinting& printing = {});
POSTMORTEM_API std::string to_json(const AddressSpaces& spaces);
POSTMORTEM_API std::string to_ndjson(const AddressSpaces& spaces);

}  // namespace postmortem
