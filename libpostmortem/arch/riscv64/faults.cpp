#include "arch/riscv64/faults.h"

#include <fmt/format.h>

#include "arch/riscv64/registers.h"

namespace postmortem::riscv64 {
namespace {

// no_context() and die_kernel_fault(), arch/riscv/mm/fault.c: below the first page it is a NULL pointer.
std::string page_fault(std::optional<std::uint64_t> address) {
    constexpr std::uint64_t null_page = 4096;
    if (!address) return "Unable to handle kernel paging request";
    return fmt::format("Unable to handle kernel {} at virtual address {:016x}",
                       *address < null_page ? "NULL pointer dereference" : "paging request", *address);
}

// arch/riscv/kernel/traps.c; the inner ones first.
constexpr FaultEntry fault_entries[] = {
    {"handle_bad_stack", "Insufficient stack space to handle exception!"},
    {"do_trap_break", "kernel BUG at (the log is lost)!"},
    {"do_trap_insn_illegal", "Oops - illegal instruction [#1]"},
    {"do_trap_insn_misaligned", "Oops - instruction address misaligned [#1]"},
    {"do_trap_insn_fault", "Oops - instruction access fault [#1]"},
    {"do_trap_load_misaligned", "Oops - load address misaligned [#1]"},
    {"do_trap_load_fault", "Oops - load access fault [#1]"},
    {"do_trap_store_misaligned", "Oops - store (or AMO) address misaligned [#1]"},
    {"do_trap_store_fault", "Oops - store (or AMO) access fault [#1]"},
    {"do_trap_ecall_s", "Oops - environment call from S-mode [#1]"},
    {"do_trap_unknown", "Oops - unknown exception [#1]"},
    {"die_kernel_fault"},
    {"no_context"},
    {"handle_page_fault"},
    {"do_page_fault"},
};

}  // namespace

const FaultWords fault_words = {.entries = fault_entries,
                                .page_fault = page_fault,
                                .interrupted_at = "epc : ",
                                .fault_register = BadAddr,
                                .plain_return_addresses = true};

}  // namespace postmortem::riscv64
