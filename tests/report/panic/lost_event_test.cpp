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
