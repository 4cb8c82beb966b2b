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

// arch/powerpc/kernel/traps.c; the inner ones first.
constexpr FaultEntry fault_entries[] = {
    {"unrecoverable_exception", "Unrecoverable exception"},
    {"machine_check_exception", "Oops: Machine check, sig: 7 [#1]"},
    {"alignment_exception", "Oops: Unaligned access, sig: 7 [#1]"},
    {"bad_page_fault"},
    {"__bad_page_fault"},
};

// A trap stands for BUG(). Of what an instruction fetch met the DAR says nothing.
constexpr FaultCause fault_causes[] = {
    {"program interrupt: trap", "kernel BUG at (the log is lost)!"},
    {"program interrupt: illegal instruction", "Oops: Exception in kernel mode, sig: 4 [#1]"},
    {"program interrupt: privileged instruction", "Oops: Exception in kernel mode, sig: 4 [#1]"},
    {"program interrupt: floating-point exception", "Oops: Exception in kernel mode, sig: 8 [#1]"},
    {"alignment interrupt", "Oops: Unaligned access, sig: 7 [#1]"},
    {"instruction storage interrupt", "BUG: Unable to handle kernel instruction fetch"},
    {"instruction segment interrupt", "BUG: Unable to handle kernel instruction fetch"},
    {"data storage interrupt"},
    {"data segment interrupt"},
};

}  // namespace

const FaultWords fault_words = {.entries = fault_entries,
                                .causes = fault_causes,
                                .page_fault = page_fault,
                                .interrupted_at = "NIP ",
                                .fault_register = Dar};

}  // namespace postmortem::ppc64
