// Where a backtrace says that it leaves a stack: as crash does.
#include <doctest/doctest.h>

#include <postmortem/backtrace.h>
#include <postmortem/render.h>

namespace stack_changes_text_test {

using namespace postmortem;

namespace {

Frame frame_of(std::string function, StackKind stack, std::uint64_t slot) {
    Frame frame;
    frame.ip = 0xffffffff81000010;
    frame.slot = slot;
    frame.function = std::move(function);
    frame.stack = stack;
    return frame;
}

std::string text_of(std::vector<Frame> frames) {
    BacktraceList list;
    Backtrace& trace = list.backtraces.emplace_back();
    trace.pid = 7;
    trace.cpu = 1;
    trace.comm = "busy";
    trace.end = BacktraceEnd::Kernel;
    trace.style.ip_name = "RIP";
    trace.frames = std::move(frames);
    return to_text(list);
}

}  // namespace

// Before 5.8 (apic_timer_interrupt) the entry itself goes over to the stack of interrupts.
TEST_CASE("the IRQ stack is left in front of the registers of an entry that changed stacks itself") {
    Frame entry = frame_of("apic_timer_interrupt", StackKind::Irq, 0xffff880000003ff0);
    entry.registers = {{"RIP", 0xffffffff81000020, "RIP"}};
    Frame interrupted = frame_of("clear_user", StackKind::Task, 0xffffc90000003d00);
    interrupted.interrupted = true;
    const std::string text =
        text_of({frame_of("smp_apic_timer_interrupt", StackKind::Irq, 0xffff880000003fd8), entry, interrupted,
                 frame_of("vfs_read", StackKind::Task, 0xffffc90000003e00)});
    const auto mark = text.find("--- <IRQ stack> ---\n");
    REQUIRE(mark != std::string::npos);
    CHECK(text.find(" apic_timer_interrupt at") < mark);
    CHECK(mark < text.find("[exception RIP: clear_user"));
    CHECK(text.find("--- <IRQ stack> ---", mark + 1) == std::string::npos);
}

TEST_CASE("an interrupt of an interrupt leaves no stack") {
    Frame entry = frame_of("apic_timer_interrupt", StackKind::Irq, 0xffff880000003fd0);
    entry.registers = {{"RIP", 0xffffffff81000020, "RIP"}};
    Frame interrupted = frame_of("do_softirq", StackKind::Irq, 0xffff880000003fd8);
    interrupted.interrupted = true;
    CHECK(text_of({entry, interrupted}).find("IRQ stack") == std::string::npos);
}

}  // namespace stack_changes_text_test
