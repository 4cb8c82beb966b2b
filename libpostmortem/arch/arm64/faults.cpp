#include "arch/arm64/faults.h"

#include <fmt/format.h>

namespace postmortem::arm64 {
namespace {

// die_kernel_fault(), arch/arm64/mm/fault.c: below the first page it is a NULL pointer. The kernel keeps no
// record of the address but in its log.
std::string page_fault(std::optional<std::uint64_t> address) {
    constexpr std::uint64_t null_page = 4096;
    if (!address) return "Unable to handle kernel paging request";
    return fmt::format("Unable to handle kernel {} at virtual address {:016x}",
                       *address < null_page ? "NULL pointer dereference" : "paging request", *address);
}

constexpr const char* bug = "kernel BUG at (the log is lost)!";
constexpr const char* undefined = "Internal error: Oops - Undefined instruction: 0 [#1]";

// arch/arm64/kernel/traps.c, entry-common.c; the inner ones first.
constexpr FaultEntry fault_entries[] = {
    {"panic_bad_stack", "Insufficient stack space to handle exception!"},
    {"handle_bad_stack", "Insufficient stack space to handle exception!"},
    {"bug_handler", bug},
    {"bug_brk_handler", bug},
    {"do_undefinstr", undefined},
    {"do_el1_undef", undefined},
    {"do_el1_bti", "Internal error: Oops - BTI: 0 [#1]"},
    {"do_el1_fpac", "Internal error: Oops - FPAC: 0 [#1]"},
    {"do_sp_pc_abort", "Internal error: Oops - SP/PC alignment exception: 0 [#1]"},
    {"do_serror", "Kernel panic - not syncing: Asynchronous SError Interrupt"},
    {"die_kernel_fault"},
    {"__do_kernel_fault"},
    {"do_translation_fault"},
    {"do_page_fault"},
    {"do_mem_abort"},
};

}  // namespace

const FaultWords fault_words = {
    .entries = fault_entries, .page_fault = page_fault, .interrupted_at = "pc : "};

}  // namespace postmortem::arm64
