#include "arch/ppc64/faults.h"

#include <fmt/format.h>

#include "arch/ppc64/registers.h"

namespace postmortem::ppc64 {
namespace {

// bad_page_fault(), arch/powerpc/mm/fault.c
std::string page_fault(std::optional<std::uint64_t> address) {
    if (!address) return "BUG: Unable to handle kernel data access";
    constexpr std::uint64_t smallest_page = 4096;
    const char* what =
        *address < smallest_page ? "Kernel NULL pointer dereference" : "Unable to handle kernel data access";
    return fmt::format("BUG: {} at {:#010x}", what, *address);
}

// arch/powerpc/kernel/traps.c; the inner ones first. A trap stands for BUG().
constexpr FaultEntry fault_entries[] = {
    {"unrecoverable_exception", "Unrecoverable exception"},
    {"machine_check_exception", "Oops: Machine check, sig: 7 [#1]"},
    {"alignment_exception", "Oops: Unaligned access, sig: 7 [#1]"},
    {"program_check_exception", "Oops: Exception in kernel mode, sig: 5 [#1]"},
    {"bad_page_fault"},
    {"__bad_page_fault"},
};

}  // namespace

const FaultWords fault_words = {fault_entries, page_fault, "NIP ", nullptr, Dar, false};

}  // namespace postmortem::ppc64
