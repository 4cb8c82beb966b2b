#include "arch/s390x/faults.h"

#include <fmt/format.h>

#include "arch/s390x/registers.h"

namespace postmortem::s390x {
namespace {

// do_no_context(), arch/s390/mm/fault.c; the parameter of the interruption holds the page alone, and below it
// what kind of access it was.
std::string page_fault(std::optional<std::uint64_t> address) {
    std::string text = "Unable to handle kernel pointer dereference in virtual kernel address space";
    constexpr std::uint64_t page = ~std::uint64_t{0xfff};
    if (address) text += fmt::format("\nFailing address: {:016x} TEID: {:016x}", *address & page, *address);
    return text;
}

// arch/s390/kernel/traps.c; the inner ones first.
constexpr FaultEntry fault_entries[] = {
    {"monitor_event_exception", "kernel BUG at (the log is lost)!"},
    {"illegal_op", "illegal operation: 0001 ilc:1 [#1]"},
    {"addressing_exception", "addressing exception: 0005 ilc:2 [#1]"},
    {"specification_exception", "specification exception: 0006 ilc:2 [#1]"},
    {"privileged_op", "privileged operation: 0002 ilc:2 [#1]"},
    {"execute_exception", "execute exception: 0003 ilc:2 [#1]"},
    {"divide_exception", "fixpoint divide exception: 0009 ilc:2 [#1]"},
    {"data_exception", "data exception: 0007 ilc:2 [#1]"},
    {"kernel_stack_overflow", "Kernel stack overflow"},
    {"do_protection_exception"},
    {"do_dat_exception"},
    // arch/s390/mm/fault.c, to which the last two jump; the first since 6.7.
    {"handle_fault_error_nolock"},
    {"handle_fault_error"},
    {"do_no_context"},
};

// Most of traps.c are jumped from.
constexpr FaultCause fault_causes[] = {
    {"monitor event", "kernel BUG at (the log is lost)!"},
    {"illegal operation", "illegal operation: 0001 ilc:1 [#1]"},
    {"privileged operation", "privileged operation: 0002 ilc:2 [#1]"},
    {"execute exception", "execute exception: 0003 ilc:2 [#1]"},
    {"addressing exception", "addressing exception: 0005 ilc:2 [#1]"},
    {"specification exception", "specification exception: 0006 ilc:2 [#1]"},
    {"data exception", "data exception: 0007 ilc:2 [#1]"},
    {"fixed point overflow", "fixpoint overflow exception: 0008 ilc:2 [#1]"},
    {"fixed point divide", "fixpoint divide exception: 0009 ilc:2 [#1]"},
    {"HFP overflow", "HFP overflow exception: 000c ilc:2 [#1]"},
    {"HFP underflow", "HFP underflow exception: 000d ilc:2 [#1]"},
    {"HFP significance", "HFP significance exception: 000e ilc:2 [#1]"},
    {"HFP divide", "HFP divide exception: 000f ilc:2 [#1]"},
    {"HFP square root", "HFP square root exception: 001d ilc:2 [#1]"},
    {"translation specification exception", "translation exception: 0012 ilc:2 [#1]"},
    {"special operation exception", "special operation exception: 0013 ilc:2 [#1]"},
    {"vector processing exception", "vector exception: 001b ilc:3 [#1]"},
    {"protection exception"},
    {"segment translation exception"},
    {"page translation exception"},
    {"ASCE exception"},
    {"region first translation exception"},
    {"region second translation exception"},
    {"region third translation exception"},
};

}  // namespace

const FaultWords fault_words = {.entries = fault_entries,
                                .causes = fault_causes,
                                .page_fault = page_fault,
                                .interrupted_at = "Krnl PSW : 0704c00180000000 (",
                                .fault_register = IntParm,
                                .plain_return_addresses = true};

}  // namespace postmortem::s390x
