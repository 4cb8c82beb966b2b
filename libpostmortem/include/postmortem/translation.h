// The answers to `vtop` and `pte`: how a virtual address becomes a physical one, table by table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/address_spaces.h>
#include <postmortem/kernel_memory.h>

namespace postmortem {

/// One entry of the page tables on the way.
struct TableStep {
    std::string level;        ///< "PGD", "PMD"
    std::uint64_t slot = 0;   ///< physical address of the entry
    std::uint64_t entry = 0;  ///< what stands there
};

/// What the entry of a page says. Where it is not present it may say where the page was swapped to.
struct EntryContents {
    std::uint64_t entry = 0;
    bool present = false;
    std::uint64_t physical = 0;
    std::vector<std::string> flags;
    std::string swap_file;  ///< untrusted; empty unless it was swapped out
    std::uint64_t swap_page = 0;
};

struct AddressTranslation {
    std::uint64_t address = 0;
    bool user = false;
    bool accessible = true;  ///< of a task: the address is in one of its areas
    std::optional<std::uint64_t> physical;
    std::optional<std::uint64_t> top_table;  ///< virtual address of the kernel's own
    std::vector<TableStep> walk;
    std::uint64_t page = 0, page_bytes = 0;  ///< that is mapped
    std::optional<EntryContents> entry;
    std::optional<UserArea> area;
    std::string file;  ///< untrusted; where a page that is not there would be read from
    std::uint64_t file_offset = 0;
    std::optional<PageRow> page_struct;
};

struct AddressTranslations {
    std::vector<AddressTranslation> addresses;
    std::vector<TaskMention> tasks;  ///< whose they are, by `addresses`; empty where that is not to be told
    Problems problems;
};

struct TranslationRequest {
    enum class Kind : std::uint8_t {
        ByAddress,  ///< where kernel and programs have the same addresses (s390x): the kernel's
        User,
        Kernel,
        ByAddressOfTask  ///< … the task's
    };
    std::vector<std::string> addresses;  ///< hexadecimal, or symbols
    Kind kind = Kind::ByAddress;
    TaskChoice
        which;  ///< whose address space; without a selector that of the task that brought the kernel down
    bool each_task = false;  ///< the addresses are told of every task
};

/// InvalidArgument, NotFound where a word is no address.
POSTMORTEM_API Result<AddressTranslations> translate_addresses(const CrashDump& dump,
                                                               const TranslationRequest& request);
POSTMORTEM_API std::string to_text(const AddressTranslations& translations);
POSTMORTEM_API std::string to_json(const AddressTranslations& translations);
POSTMORTEM_API std::string to_ndjson(const AddressTranslations& translations);

struct TableEntries {
    std::vector<EntryContents> entries;
    Problems problems;
};

/// InvalidArgument where a word is no number.
POSTMORTEM_API Result<TableEntries> page_table_entries(const CrashDump& dump,
                                                       const std::vector<std::string>& words);
POSTMORTEM_API std::string to_text(const TableEntries& entries);
POSTMORTEM_API std::string to_json(const TableEntries& entries);

}  // namespace postmortem
