// Entries that the unwind tables leave out: the registers lie where the entry put them.
#include <doctest/doctest.h>

#include "support/fake_code.h"

namespace bare_entry_test {

using namespace postmortem;
using namespace postmortem::test;
using x86_64::Reg;

namespace {

using Names = std::vector<std::string>;

OrcEntry left_out() {
    OrcEntry entry = by_sp(0);
    entry.type = OrcType::Undefined;
    return entry;
}

/// handler, which an entry without tables has called; and what the entry may have interrupted.
struct Entered : FakeCode {
    StackRange task = add_stack(StackKind::Task);
    std::uint64_t start = function("start", end_of_stack());
    std::uint64_t victim = function("victim", by_sp(8));
    std::uint64_t entry = function("entry", left_out());
    std::uint64_t handler = function("handler", by_sp(8));
    std::uint64_t back = call(entry, 0x20, handler);

    /// Ends the walk behind the victim, whose stack pointer this is.
    void interrupt_victim(std::uint64_t registers, std::uint64_t sp) {
        put_registers(registers, kernel_registers(victim + 4, sp));
        image.put(sp, call(start, 0x10, victim));
    }
    RawBacktrace walk_from(std::uint64_t slot, bool user_task = false) {
        image.put(slot, back);
        return walk(UnwindPosition::from_registers(kernel_registers(handler + 4, slot)), user_task);
    }
};

}  // namespace

TEST_CASE("an exception's registers lie at the stack pointer, right below what it interrupted") {
    for (const std::uint64_t gap : {0, 8}) {  // the processor aligns
        Entered code;
        const std::uint64_t registers = code.task.low + 0x1000, sp = registers + x86_64::pt_regs_size + gap;
        code.interrupt_victim(registers, sp);
        const RawBacktrace trace = code.walk_from(registers - 8);
        CHECK(functions(trace) == Names{"handler", "entry", "victim", "start"});
        CHECK(trace.end == BacktraceEnd::Kernel);
        CHECK_FALSE(trace.guessed);
        CHECK(trace.frames[1].registers);
        CHECK(trace.frames[2].interrupted);
    }
}

TEST_CASE("what only looks like registers, further below, is not believed") {
    Entered code;
    const std::uint64_t registers = code.task.low + 0x1000;
    code.interrupt_victim(registers, registers + x86_64::pt_regs_size + 0x100);
    const RawBacktrace trace = code.walk_from(registers - 8);
    CHECK((trace.end == BacktraceEnd::Lost || trace.guessed));
}

TEST_CASE("an interrupt's stack begins with the place of the registers, on the stack that it left") {
    Entered code;
    const StackRange irq = code.add_stack(StackKind::Irq);
    const std::uint64_t registers = code.task.high - x86_64::pt_regs_size;
    code.image.put(irq.high - 8, registers);
    SUBCASE("those of a program") {
        code.put_registers(registers, user_registers());
        const RawBacktrace trace = code.walk_from(irq.high - 16, true);
        CHECK(functions(trace) == Names{"handler", "entry"});
        CHECK(trace.end == BacktraceEnd::User);
        REQUIRE(trace.frames[1].registers);
        CHECK(trace.registers[*trace.frames[1].registers].user_mode());
    }
    SUBCASE("those of the kernel") {
        const std::uint64_t below = code.task.low + 0x800;
        code.image.put(irq.high - 8, below);
        code.interrupt_victim(below, below + x86_64::pt_regs_size);
        CHECK(functions(code.walk_from(irq.high - 16)) == Names{"handler", "entry", "victim", "start"});
    }
    SUBCASE("a place on no stack") {
        code.image.put(irq.high - 8, std::uint64_t{0x1000});
        CHECK(code.walk_from(irq.high - 16).end == BacktraceEnd::Lost);
    }
}

TEST_CASE("an NMI's registers lie below the copies of what the processor pushed, on a stack of their own") {
    for (const std::uint64_t words : {0, 12, 40}) {
        CAPTURE(words);
        Entered code;
        const StackRange nmi = code.add_stack(StackKind::Nmi);
        const std::uint64_t registers = nmi.high - x86_64::pt_regs_size - 8 * words;
        code.interrupt_victim(registers, code.task.low + 0x800);
        const RawBacktrace trace = code.walk_from(registers - 8);
        if (words <= 16)
            CHECK(functions(trace) == Names{"handler", "entry", "victim", "start"});
        else
            CHECK((trace.end == BacktraceEnd::Lost || trace.guessed));
    }
}

TEST_CASE("a program that has not run since exec() lets interrupts in, and that is its one flag") {
    Entered code;
    const std::uint64_t registers = code.task.high - x86_64::pt_regs_size;
    Registers fresh = user_registers();
    fresh.set(Reg::Flags, 0x200);
    code.put_registers(registers, fresh);
    CHECK(code.walk_from(registers - 8, true).end == BacktraceEnd::User);
    fresh.set(Reg::Flags, 0);
    code.put_registers(registers, fresh);
    CHECK(code.walk_from(registers - 8, true).end == BacktraceEnd::Lost);
}

}  // namespace bare_entry_test
