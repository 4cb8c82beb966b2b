#include "report/panic/event_text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace postmortem::event_text {
namespace {

template <class Number>
std::string numbers(std::string_view one, std::string_view many, const std::vector<Number>& list) {
    if (list.empty()) return {};
    return fmt::format("{} {}", list.size() == 1 ? one : many, fmt::join(list, ", "));
}

std::int64_t signed_address(std::uint64_t address) {
    return address <= 0xffffffff ? static_cast<std::int32_t>(address) : static_cast<std::int64_t>(address);
}

std::string error_pointer(std::uint64_t address) {
    const std::int64_t value = signed_address(address);
    std::string text = fmt::format("an error code used as a pointer: ERR_PTR({})", value);
    if (value % 4 == 0) text += fmt::format(", or NULL - {:#x}: container_of() of a NULL pointer", -value);
    return text;
}

std::string meaning_of(std::uint64_t address, AddressKind kind) {
    switch (kind) {
        case AddressKind::Null: return "NULL itself";
        case AddressKind::NullOffset:
            return fmt::format("NULL + {:#x}: a member or an element of something at NULL", address);
        case AddressKind::ErrorPointer: return error_pointer(address);
        case AddressKind::NullMinusOffset:
            return fmt::format("NULL - {:#x}: container_of() of a NULL pointer, by the registers",
                               -signed_address(address));
        case AddressKind::FreedPoison: return "slab memory after it was freed (poison 6b)";
        case AddressKind::UnusedPoison: return "slab memory that was never written (poison 5a)";
        case AddressKind::ListPoison: return "an entry that was deleted from its list (LIST_POISON)";
        case AddressKind::PagePoison: return "a page after it was freed (poison aa)";
        case AddressKind::NonCanonical: return "no address at all on this machine (non-canonical)";
        case AddressKind::User: return "an address of user space";
        case AddressKind::Kernel: return "a kernel address where nothing is mapped";
        case AddressKind::Unknown: break;
    }
    return {};
}

}  // namespace

std::string kernel_says(const LogEvent& event) {
    if (event.line == 0) return "(the log of it is lost; told from the stack)";
    std::string when = fmt::format("line {}", event.line);
    if (event.seconds) when += fmt::format(", {:.6f} s after boot", *event.seconds);
    if (!event.time.empty()) when += ", " + escaped(event.time);
    return fmt::format("{}  ({})", escaped(event.headline), when);
}

std::string outcome(const LogEvent& event) {
    switch (event.outcome) {
        case Outcome::WentOn: return "the kernel went on";
        case Outcome::KilledTask: return "a process was killed, the machine went on";
        case Outcome::TaskSleeps:
            if (event.event_class == EventClass::RcuStall)
                return "a task held up RCU, and the log does not tell of an end";
            if (event.event_class == EventClass::WorkqueueLockup)
                return "queued work was not begun, and the log does not tell of an end";
            return "a task sleeps, and the log does not tell that it woke up";
        case Outcome::CpuStuck: return "a CPU did no other work, and the log does not tell of an end";
        case Outcome::Died: return "the machine died";
        case Outcome::Unknown: break;
    }
    return "not known: the log does not tell whether the machine went on";
}

std::string first_oops_missing(const LogEvent& event) {
    const std::string which = event.die_count ? fmt::format("this is oops number {}", *event.die_count)
                                              : std::string("the taint D tells of an earlier oops");
    return which + ": the first one, the one that counts, is not in this log";
}

std::string earlier_oops(const LogEvent& event, const LogEvent& earlier) {
    return fmt::format(
        "this is oops number {}; number {}, line {}, may have left locks held and data half changed: read "
        "it, "
        "too",
        *event.die_count, *earlier.die_count, earlier.line);
}

std::string stalled(const LogEvent& event) {
    if (!event.stall) return {};
    const LogStall& stall = *event.stall;
    std::string text = numbers("CPU", "CPUs", stall.cpus);
    const auto add = [&](const std::string& part) {
        if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
    };
    add(numbers("task", "tasks", stall.tasks));
    if (stall.jiffies) add(fmt::format("for {} jiffies", *stall.jiffies));
    if (stall.seconds) add(fmt::format("for {} s", *stall.seconds));
    if (stall.starved_jiffies) {
        add(fmt::format("grace-period kthread {} did not run for {} jiffies", escaped(stall.kthread),
                        *stall.starved_jiffies));
        if (stall.kthread_cpu) text += fmt::format(" (it is to run on CPU {})", *stall.kthread_cpu);
    }
    if (!stall.silent_cpus.empty())
        add("no answer to the NMI from " + numbers("CPU", "CPUs", stall.silent_cpus));
    return text;
}

std::string fault(const LogEvent& event) {
    if (!event.fault_address) return {};
    const std::string meaning = meaning_of(*event.fault_address, event.address_kind);
    return fmt::format("{:016x}{}{}", *event.fault_address, meaning.empty() ? "" : "  ", meaning);
}

std::string task(const LogEvent& event) {
    std::string text = escaped(event.comm);
    if (event.pid) text += fmt::format("{}pid {}", text.empty() ? "" : ", ", *event.pid);
    if (event.cpu) text += fmt::format("{}CPU {}", text.empty() ? "" : ", ", *event.cpu);
    return text;
}

std::string taint(const LogEvent& event) {
    std::string text = escaped(event.taint);
    for (const std::string& word : taint_words(event.taint)) text += ", " + word;
    return text;
}

std::string place(const LogFrame& frame) {
    return escaped(frame.symbol) + (frame.offset ? fmt::format("+{:#x}", *frame.offset) : "") +
           (frame.module.empty() ? "" : fmt::format(" [{}]", escaped(frame.module)));
}

}  // namespace postmortem::event_text
