// powerpc's kernel debugger, which prints its report past printk: arch/powerpc/xmon/xmon.c.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

EventRule vector_rule(EventClass event_class, std::string_view head, std::string_view title) {
    return {.event_class = event_class, .head = head, .detail = {}, .title = title, .steps = steps::fault};
}

}  // namespace

void add_xmon_rules(RuleBook& book) {
    constexpr std::string_view paging = "BUG: unable to handle kernel paging request in {frame}";
    book.add(
        ": Vector: ", {.meeting = Meeting::Joins},
        {
            vector_rule(EventClass::MachineCheck, "cpu {hex_}: Vector: 200 ", "machine check in {frame}"),
            vector_rule(EventClass::PageFault, "cpu {hex_}: Vector: {300|380|400|480} ", paging),
            vector_rule(EventClass::AlignmentFault, "cpu {hex_}: Vector: 600 ",
                        "BUG: unable to handle kernel unaligned access in {frame}"),
            vector_rule(EventClass::KernelBug, "cpu {hex_}: Vector: 700 ", "kernel BUG in {frame}"),
            vector_rule(EventClass::Trap, "cpu {hex_}: Vector: {hex} (", "vector {1} in {frame}"),
        });
}

}  // namespace postmortem
