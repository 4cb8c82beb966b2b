// What died, by the stack alone, on each architecture: the function is the one that was interrupted, and the
// id that of the log which the kernel would have left.
#include "report/panic/lost_event.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "arch/registry.h"

namespace lost_event_test {

using namespace postmortem;

namespace {

Frame frame(std::string function, FrameTrust trust = FrameTrust::FramePointer) {
    Frame made;
    made.function = std::move(function);
    made.offset = 0x10;
    made.size = 0x40;
    made.trust = trust;
    return made;
}

PanicEvidence faulted(std::string_view handler, bool through_link) {
    PanicEvidence evidence;
    Backtrace trace;
    trace.comm = "sh";
    trace.pid = 7;
    trace.frames = {frame("panic"), frame("die"), frame(std::string(handler))};
    trace.frames.push_back(frame("widget_touch", FrameTrust::Registers));
    trace.frames.back().interrupted = true;
    if (through_link) trace.frames.push_back(frame("widget_poke", FrameTrust::LinkRegister));
    for (const char* caller : {"widget_write", "vfs_write", "ksys_write"})
        trace.frames.push_back(frame(caller));
    evidence.backtrace = trace;
    return evidence;
}

}  // namespace

TEST_CASE("every handler of every architecture leads to the function that was interrupted") {
    constexpr std::uint16_t machines[] = {EM_X86_64, EM_386, EM_AARCH64, EM_RISCV, EM_S390, EM_PPC64};
    for (const std::uint16_t machine : machines) {
        const Arch& arch = *arch_of(machine);
        CAPTURE(arch.name);
        REQUIRE_FALSE(arch.faults.entries.empty());
        for (const FaultEntry& entry : arch.faults.entries) {
            CAPTURE(entry.function);
            const auto event =
                event_from_backtrace(faulted(entry.function, false), arch.faults, "6.1.0", 0x18);
            REQUIRE(event);
            // Whose stack overflowed is told by who called; an SError is nobody's.
            if (event->event_class != EventClass::StackOverflow && entry.function != "do_serror")
                CHECK(event->title.find("widget_touch") != std::string::npos);
            // The caller that a register alone led to is in no trace of the kernel's.
            const auto linked =
                event_from_backtrace(faulted(entry.function, true), arch.faults, "6.1.0", 0x18);
            REQUIRE(linked);
            CHECK(linked->id == event->id);
        }
    }
}

TEST_CASE("where no handler is left on the stack the registers tell which exception it was") {
    constexpr std::uint16_t machines[] = {EM_S390, EM_PPC64};
    for (const std::uint16_t machine : machines) {
        const Arch& arch = *arch_of(machine);
        REQUIRE_FALSE(arch.faults.causes.empty());
        for (const FaultCause& cause : arch.faults.causes) {
            CAPTURE(cause.cause);
            PanicEvidence evidence = faulted("the_entry", false);
            evidence.backtrace->frames[2].cause = cause.cause;
            const auto event = event_from_backtrace(evidence, arch.faults, "6.1.0", 0x18);
            REQUIRE(event);
            CHECK(event->event_class != EventClass::Panic);
            CHECK(event->title.ends_with(" in widget_touch"));
            CHECK(event->corruption.empty());
        }
    }
    PanicEvidence divided = faulted("pgm_check_handler", false);
    divided.backtrace->frames[2].cause = "fixed point divide";
    const auto event = event_from_backtrace(divided, arch_of(EM_S390)->faults, "6.1.0", {});
    CHECK(event->title == "divide error in widget_touch");
}

TEST_CASE("who called a wild pointer is to blame, whatever has led to him") {
    constexpr std::uint16_t machines[] = {EM_X86_64, EM_AARCH64, EM_RISCV, EM_S390, EM_PPC64};
    for (const std::uint16_t machine : machines) {
        const Arch& arch = *arch_of(machine);
        CAPTURE(arch.name);
        for (const FaultEntry& entry : arch.faults.entries) {
            if (entry.headline) continue;
            PanicEvidence evidence = faulted(entry.function, true);
            Frame& wild = evidence.backtrace->frames[3];
            wild.function.clear();
            wild.ip = wild.offset = wild.size = 0;
            const auto event = event_from_backtrace(evidence, arch.faults, "6.1.0", 0);
            REQUIRE(event);
            CHECK(event->function == "widget_poke");
            CHECK(event->title.ends_with(" in widget_poke"));
        }
    }
}

TEST_CASE("where a panic stopped the machine is not where it came from") {
    constexpr std::uint16_t machines[] = {EM_X86_64, EM_AARCH64, EM_RISCV, EM_S390, EM_PPC64};
    for (const std::uint16_t machine : machines) {
        PanicEvidence evidence;
        Backtrace trace;
        for (const char* name : {"machine_stop", "widget_notify", "panic", "sysrq_handle_crash",
                                 "__handle_sysrq", "write_sysrq_trigger"})
            trace.frames.push_back(frame(name));
        evidence.backtrace = trace;
        const auto event = event_from_backtrace(evidence, arch_of(machine)->faults, "6.1.0", {});
        REQUIRE(event);
        CHECK(event->function == "sysrq_handle_crash");
    }
}

TEST_CASE("a machine that died of a warning did not die of a bug") {
    constexpr std::uint16_t machines[] = {EM_X86_64, EM_AARCH64, EM_S390};
    for (const std::uint16_t machine : machines) {
        const Arch& arch = *arch_of(machine);
        PanicEvidence evidence = faulted(arch.faults.entries.front().function, false);
        auto& frames = evidence.backtrace->frames;
        frames[1] = frame("__warn");
        const auto by_exception = event_from_backtrace(evidence, arch.faults, "6.1.0", 0x18);
        REQUIRE(by_exception);
        CHECK(by_exception->title == "WARNING in widget_touch");
        // Where WARN() is a call.
        frames[2] = frame("warn_slowpath_fmt");
        frames[3].interrupted = false;
        const auto by_call = event_from_backtrace(evidence, arch.faults, "6.1.0", 0x18);
        REQUIRE(by_call);
        CHECK(by_call->title == by_exception->title);
        CHECK(by_call->event_class == EventClass::Warning);
    }
}

}  // namespace lost_event_test
