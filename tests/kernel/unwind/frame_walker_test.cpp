// One step of the unwinder for every kind of entry, and what it makes of damage and malice.
#include "kernel/unwind/frame_walker.h"

#include <doctest/doctest.h>

#include "support/fake_code.h"

namespace frame_walker_test {

using namespace postmortem;
using namespace postmortem::test;
using x86_64::Reg;

namespace {

using Names = std::vector<std::string>;

// leaf <- middle <- start, all found from the stack pointer. `at` is where the return address into middle
// lies.
struct ThreeFrames : FakeCode {
    StackRange stack = add_stack(StackKind::Task);
    std::uint64_t start = function("start", end_of_stack());
    std::uint64_t middle = function("middle", by_sp(0x18));
    std::uint64_t leaf = function("leaf", by_sp(0x10));
    std::uint64_t at = stack.low + 0x1008;

    ThreeFrames() {
        image.put(at, call(middle, 0x20, leaf));
        image.put(at + 0x18, call(start, 0x30, middle));
    }
    // In leaf, with eight bytes between its stack pointer and the return address.
    UnwindPosition in_leaf() const {
        return UnwindPosition::from_registers(kernel_registers(leaf + 8, at - 8));
    }
};

}  // namespace

TEST_CASE("frames are found from the stack pointer, up to the start of the stack") {
    ThreeFrames code;
    const RawBacktrace trace = code.walk(code.in_leaf());
    CHECK(functions(trace) == Names{"leaf", "middle", "start"});
    CHECK(trace.end == BacktraceEnd::Kernel);
    CHECK(trace.frames[0].trust == FrameTrust::Registers);
    CHECK(trace.frames[0].interrupted);
    CHECK(trace.frames[1].trust == FrameTrust::Orc);
    CHECK(trace.frames[1].slot == code.at);
    CHECK(trace.frames[2].slot == code.at + 0x18);
}

TEST_CASE("a call that ends its function belongs to that function, an interrupted address to the next") {
    FakeCode code;
    const auto stack = code.add_stack(StackKind::Task);
    const auto first = code.function("first", by_sp(8));
    const auto second = code.function("second", end_of_stack());
    // The call is the last instruction of first: the return address is where second starts.
    const auto back = code.call(first, FakeCode::function_size - 5, first);
    REQUIRE(back == second);
    code.image.put(stack.low, back);
    code.image.put(stack.low + 8, code.call(second, 0x40, first));
    const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(first + 4, stack.low)));
    CHECK(functions(trace) == Names{"first", "first", "second"});
    CHECK(trace.end == BacktraceEnd::Kernel);

    const auto at_start = code.walk(UnwindPosition::from_registers(kernel_registers(second, stack.low)));
    CHECK(functions(at_start) == Names{"second"});
}

TEST_CASE("a frame pointer is followed and restored as the entry says") {
    FakeCode code;
    const auto stack = code.add_stack(StackKind::Task);
    const auto start = code.function("start", end_of_stack());
    const auto outer = code.function(
        "outer", OrcEntry{16, -16, OrcRegister::Fp, OrcRegister::PreviousSp, OrcType::Call, false});
    // Keeps the frame pointer of its caller 16 bytes below its frame.
    const auto inner = code.function(
        "inner", OrcEntry{0x20, -16, OrcRegister::Sp, OrcRegister::PreviousSp, OrcType::Call, false});
    const std::uint64_t sp = stack.low + 0x100, bp = stack.low + 0x200;
    code.image.put(sp + 0x10, bp);
    code.image.put(sp + 0x18, code.call(outer, 0x10, inner));
    code.image.put(bp, std::uint64_t{0x1234});
    code.image.put(bp + 8, code.call(start, 0x10, outer));
    const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(inner + 1, sp)));
    CHECK(functions(trace) == Names{"inner", "outer", "start"});
    CHECK(trace.frames[2].slot == bp + 8);
    CHECK(trace.end == BacktraceEnd::Kernel);
}

TEST_CASE("a function that is in no table, and uses the frame pointer for itself, has pushed its caller's") {
    FakeCode code;
    const auto stack = code.add_stack(StackKind::Task);
    const auto start = code.function("start", end_of_stack());
    const auto outer = code.function(
        "outer", OrcEntry{16, -16, OrcRegister::Fp, OrcRegister::PreviousSp, OrcType::Call, false});
    const auto odd = code.function("odd", fail(ErrorCode::NotFound, "left out"));
    const std::uint64_t sp = stack.low + 0x100, back = sp + 0x80, frame = stack.low + 0x200;
    code.image.put(back, code.call(outer, 0x10, odd));
    code.image.put(frame + 8, code.call(start, 0x10, outer));
    auto registers = kernel_registers(odd + 4, sp);
    registers.set(Reg::Bp, sp);
    SUBCASE("beside the return address") {
        code.image.put(back - 8, frame);
        const auto trace = code.walk(UnwindPosition::from_registers(registers));
        CHECK(functions(trace) == Names{"odd", "outer", "start"});
        CHECK(trace.frames[2].slot == frame + 8);
        CHECK_FALSE(trace.guessed);
    }
    SUBCASE("where that is no frame pointer, the call tells") {
        code.image.put(back - 8, std::uint64_t{0x1234});
        const auto trace = code.walk(UnwindPosition::from_registers(registers));
        CHECK(functions(trace) == Names{"odd", "outer", "start"});
        CHECK(trace.frames[2].trust == FrameTrust::CallSite);
    }
}

TEST_CASE("a frame whose place lies on the stack is found in both ways that kernels have had") {
    FakeCode code;
    const auto stack = code.add_stack(StackKind::Irq);
    const auto task = code.add_stack(StackKind::Task);
    const auto start = code.function("start", end_of_stack());
    const auto swapped = code.function(
        "swapped", OrcEntry{8, 0, OrcRegister::SpIndirect, OrcRegister::Undefined, OrcType::Call, false});
    const auto by_bp = code.function(
        "by_bp", OrcEntry{-8, 0, OrcRegister::FpIndirect, OrcRegister::Undefined, OrcType::Call, false});
    const auto back = code.call(start, 0x10, swapped);
    const std::uint64_t frame = task.low + 0x800, sp = stack.high - 16;

    SUBCASE("since 5.12 the offset is added to what was read") {
        code.image.put(sp, frame);
        code.image.put(frame, back);
        const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(swapped + 1, sp)));
        CHECK(functions(trace) == Names{"swapped", "start"});
        CHECK(trace.frames[0].stack == StackKind::Irq);
        CHECK(trace.frames[1].stack == StackKind::Task);
        CHECK(trace.frames[1].slot == frame);
    }
    SUBCASE("before, to the place") {
        code.image.put(sp, task.low + 0x100);
        code.image.put(sp + 8, frame + 8);
        code.image.put(frame, back);
        const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(swapped + 1, sp)));
        CHECK(functions(trace) == Names{"swapped", "start"});
        CHECK(trace.frames[1].slot == frame);
    }
    SUBCASE("the same by the frame pointer") {
        auto registers = kernel_registers(by_bp + 1, sp - 0x100);
        registers.set(Reg::Bp, sp);
        code.image.put(sp - 8, frame + 8);
        code.image.put(frame, back);
        const auto trace = code.walk(UnwindPosition::from_registers(registers));
        CHECK(functions(trace) == Names{"by_bp", "start"});
    }
}

TEST_CASE("frames are found from registers that an exception saved") {
    for (const auto& [name, reg] : {std::pair{OrcRegister::in(Reg::R10), Reg::R10},
                                    {OrcRegister::in(Reg::R13), Reg::R13},
                                    {OrcRegister::in(Reg::Di), Reg::Di},
                                    {OrcRegister::in(Reg::Dx), Reg::Dx},
                                    {OrcRegister::in(Reg::Ax), Reg::Ax}}) {
        FakeCode code;
        const auto stack = code.add_stack(StackKind::Task);
        const auto start = code.function("start", end_of_stack());
        const auto odd =
            code.function("odd", OrcEntry{0, 0, name, OrcRegister::Undefined, OrcType::Call, false});
        code.image.put(stack.low + 0x500, code.indirect_call(start, 0x10));
        auto registers = kernel_registers(odd + 1, stack.low);
        registers.set(reg, stack.low + 0x508);
        const auto trace = code.walk(UnwindPosition::from_registers(registers));
        CHECK(functions(trace) == Names{"odd", "start"});
        CHECK(trace.frames[1].trust == FrameTrust::Orc);

        // Behind a call nobody knows what they held.
        UnwindPosition called;
        called.ip = code.indirect_call(odd, 0x20);
        called.slot = stack.low;
        called.sp = stack.low + 8;
        const auto guessed = code.walk(called);
        REQUIRE(guessed.frames.size() == 2);
        CHECK(guessed.frames[1].trust == FrameTrust::Scan);
    }
}

TEST_CASE("an exception frame leads to what was interrupted, on the same stack or another") {
    ThreeFrames code;
    const auto nmi = code.add_stack(StackKind::Nmi);
    const auto entry = code.function("asm_exc_nmi", exception_frame());
    const auto handler = code.function("exc_nmi", by_sp(8));
    const std::uint64_t regs = nmi.low + 0x800;
    code.image.put(regs - 8, code.call(entry, 0x10, handler));
    auto interrupted = kernel_registers(code.leaf + 8, code.at - 8);
    interrupted.set(Reg::R12, 0x1212);
    code.put_registers(regs, interrupted);
    const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(handler + 1, regs - 8)));
    CHECK(functions(trace) == Names{"exc_nmi", "asm_exc_nmi", "leaf", "middle", "start"});
    CHECK(trace.frames[1].stack == StackKind::Nmi);
    CHECK(trace.frames[2].stack == StackKind::Task);
    CHECK(trace.frames[2].interrupted);
    CHECK(trace.frames[2].slot == code.at - 8);
    REQUIRE(trace.frames[1].registers);
    CHECK(trace.registers[*trace.frames[1].registers][Reg::R12] == 0x1212);
    CHECK(trace.end == BacktraceEnd::Kernel);
}

TEST_CASE("where an entry had saved only what the CPU pushes, the rest is that of the frame below") {
    ThreeFrames code;
    const auto early = code.function(
        "early_entry", OrcEntry{0, 0, OrcRegister::Sp, OrcRegister::Undefined, OrcType::RegsPartial, true});
    const auto odd = code.function(
        "odd", OrcEntry{0, 0, OrcRegister::in(Reg::R10), OrcRegister::Undefined, OrcType::Call, false});
    // early_entry was itself interrupted while it held only five words of `odd`'s registers.
    const std::uint64_t pushed = code.stack.low + 0x200;
    auto below = kernel_registers(early + 2, pushed);
    below.set(Reg::R10, code.at + 0x20);  // odd's frame: the return address into start
    code.image.put(pushed, odd + 4);
    code.image.put(pushed + 8, std::uint64_t{0x10});
    code.image.put(pushed + 16, std::uint64_t{0x46});
    code.image.put(pushed + 24, pushed + 0x100);
    const auto trace = code.walk(UnwindPosition::from_registers(below));
    CHECK(functions(trace) == Names{"early_entry", "odd", "start"});
    REQUIRE(trace.frames[0].registers);
    CHECK(trace.registers[*trace.frames[0].registers].knows(Reg::Sp));
    CHECK_FALSE(trace.registers[*trace.frames[0].registers].knows(Reg::R10));
}

TEST_CASE("the registers of a user's program end a backtrace") {
    FakeCode code;
    const auto stack = code.add_stack(StackKind::Task);
    const auto entry = code.function("entry_SYSCALL_64", exception_frame());
    const auto work = code.function("do_syscall_64", by_sp(8));
    const auto forked = code.function("ret_from_fork", end_of_stack());
    const std::uint64_t regs = stack.high - x86_64::pt_regs_size;
    code.put_registers(regs, user_registers());
    code.image.put(regs - 8, code.call(entry, 0x10, work));

    const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(work + 1, regs - 8)), true);
    CHECK(functions(trace) == Names{"do_syscall_64", "entry_SYSCALL_64"});
    CHECK(trace.end == BacktraceEnd::User);
    REQUIRE(trace.frames[1].registers);
    CHECK(trace.registers[*trace.frames[1].registers].user_mode());

    // A task that has not run since its fork: nothing but its registers is on the stack.
    UnwindPosition fresh;
    fresh.ip = forked;
    fresh.interrupted = true;
    fresh.slot = regs - 8;
    fresh.sp = regs;
    CHECK(code.walk(fresh, true).end == BacktraceEnd::User);
    CHECK(code.walk(fresh, true).registers.size() == 1);
    CHECK(code.walk(fresh, false).end == BacktraceEnd::Kernel);
}

TEST_CASE("what lies in the place of registers and is none is not shown as such") {
    struct {
        const char* what;
        std::uint64_t cs, flags, from_top;
    } const cases[] = {
        {"no selector of the kernel's", 0x23b9, 0x246, 0},
        {"a pointer", 0xffff888001234560, 0x246, 0},
        {"flags with undefined bits", 0x33, 0xffffffff81001246, 0},
        {"flags without the bit that is always set", 0x33, 0x244, 0},
        {"a user's registers that are not the first thing on the stack", 0x33, 0x246, 0x400},
    };
    for (const auto& one : cases) {
        CAPTURE(one.what);
        FakeCode code;
        const auto stack = code.add_stack(StackKind::Task);
        const auto entry = code.function("entry_SYSCALL_64", exception_frame());
        const auto work = code.function("do_syscall_64", by_sp(8));
        const std::uint64_t regs = stack.high - x86_64::pt_regs_size - one.from_top;
        auto registers = user_registers();
        registers.set(Reg::Cs, one.cs);
        registers.set(Reg::Flags, one.flags);
        code.put_registers(regs, registers);
        code.image.put(regs - 8, code.call(entry, 0x10, work));
        const auto trace =
            code.walk(UnwindPosition::from_registers(kernel_registers(work + 1, regs - 8)), true);
        CHECK(trace.registers.empty());
        CHECK(trace.end == BacktraceEnd::Lost);
        REQUIRE(trace.lost);
        CHECK(trace.lost->code == ErrorCode::Corrupt);
    }
}

TEST_CASE("a user's registers may have the 32-bit selector or one of the program's own") {
    for (const std::uint64_t cs : {0x23ull, 0x33ull, 0xfull}) {
        FakeCode code;
        const auto stack = code.add_stack(StackKind::Task);
        const auto entry = code.function("entry_INT80_compat", exception_frame());
        const std::uint64_t regs = stack.high - x86_64::pt_regs_size - 16;  // with FRED's padding
        auto registers = user_registers();
        registers.set(Reg::Cs, cs);
        code.put_registers(regs, registers);
        CHECK(code.walk(UnwindPosition::from_registers(kernel_registers(entry + 1, regs)), true).end ==
              BacktraceEnd::User);
    }
}

TEST_CASE("a call through a null pointer is unwound to its caller") {
    ThreeFrames code;
    const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(0, code.at)));
    CHECK(functions(trace) == Names{"", "middle", "start"});
    CHECK(trace.frames[1].trust == FrameTrust::Orc);
}

TEST_CASE("a stack that overflowed into its guard page is unwound from there") {
    ThreeFrames code;
    // 0x1010 bytes of locals: the stack pointer has left the stack, the return address has not.
    const auto large = code.function("large", by_sp(0x1010));
    const auto trace =
        code.walk(UnwindPosition::from_registers(kernel_registers(large + 1, code.at - 0x1008)));
    CHECK(functions(trace) == Names{"large", "middle", "start"});
    CHECK(trace.end == BacktraceEnd::Kernel);
}

TEST_CASE("a return address that a tracer replaced is undone") {
    ThreeFrames code;
    const auto hook = code.function("return_to_handler", OrcEntry{});
    code.hooks["return_to_handler"] = 0;
    const auto truth = code.call(code.middle, 0x20, code.leaf);
    code.image.put(code.at, hook);
    SUBCASE("where the true one is known") {
        code.hooks["return_to_handler"] = truth;
        const auto trace = code.walk(code.in_leaf());
        CHECK(functions(trace) == Names{"leaf", "middle", "start"});
        CHECK(trace.frames[1].ip == truth);
        CHECK(trace.frames[1].trust == FrameTrust::Orc);
    }
    SUBCASE("where another tracer had replaced it before") {
        code.hooks["return_to_handler"] = code.function("arch_rethook_trampoline", OrcEntry{});
        code.hooks["arch_rethook_trampoline"] = truth;
        const auto trace = code.walk(code.in_leaf());
        CHECK(functions(trace) == Names{"leaf", "middle", "start"});
        CHECK_FALSE(trace.guessed);
    }
    SUBCASE("where two stand for each other, the walk goes on by guess") {
        code.hooks["return_to_handler"] = code.function("arch_rethook_trampoline", OrcEntry{});
        code.hooks["arch_rethook_trampoline"] = hook;
        CHECK(code.walk(code.in_leaf()).guessed);
    }
    SUBCASE("where it is not, the hook is named and the walk goes on by guess") {
        const auto trace = code.walk(code.in_leaf());
        CHECK(functions(trace) == Names{"leaf", "return_to_handler", "start"});
        CHECK(trace.frames[2].trust == FrameTrust::Scan);
        CHECK(trace.guessed);
    }
}

TEST_SUITE("without tables") {
    const Result<OrcEntry> none = fail(ErrorCode::NotFound, "no table");

    TEST_CASE("a function that the tables leave out is left by the call of that very function") {
        ThreeFrames code;
        const auto bare = code.function("__crash_kexec", none);
        const auto panic = code.function(
            "panic", OrcEntry{16, -16, OrcRegister::Fp, OrcRegister::PreviousSp, OrcType::Call, false});
        // Between bare's stack pointer and its return address lies a stale one of someone else.
        const std::uint64_t sp = code.stack.low + 0x300, bp = code.stack.low + 0x500;
        code.image.put(sp + 8, code.call(code.middle, 0x40, code.leaf));
        code.image.put(sp + 0x40, code.call(panic, 0x20, bare));
        code.image.put(bp + 8, code.call(code.start, 0x50, panic));
        auto registers = kernel_registers(bare + 8, sp);
        registers.set(Reg::Bp, bp);
        const auto trace = code.walk(UnwindPosition::from_registers(registers));
        CHECK(functions(trace) == Names{"__crash_kexec", "panic", "start"});
        CHECK(trace.frames[1].trust == FrameTrust::CallSite);
        CHECK(trace.frames[1].slot == sp + 0x40);
        CHECK(trace.frames[2].trust == FrameTrust::Orc);
        CHECK_FALSE(trace.guessed);

        // The same where a tracer has put its own code in place of that return address.
        code.image.put(sp + 0x40, code.function("return_to_handler", OrcEntry{}));
        code.hooks["return_to_handler"] = trace.frames[1].ip;
        const auto traced = code.walk(UnwindPosition::from_registers(registers));
        CHECK(functions(traced) == functions(trace));
        CHECK(traced.frames[1].trust == FrameTrust::CallSite);
        CHECK_FALSE(traced.guessed);
    }

    TEST_CASE("frame pointers are followed where they validate") {
        ThreeFrames code;
        const auto program = code.function("bpf_prog", none);
        const auto runner = code.function("runner", by_sp(8));
        const std::uint64_t sp = code.stack.low + 0x300, bp = code.stack.low + 0x340;
        code.image.put(bp, std::uint64_t{0});
        code.image.put(bp + 8, code.indirect_call(runner, 0x30));
        code.image.put(bp + 16, code.call(code.start, 0x60, runner));
        auto registers = kernel_registers(program + 8, sp);
        registers.set(Reg::Bp, bp);
        const auto trace = code.walk(UnwindPosition::from_registers(registers));
        CHECK(functions(trace) == Names{"bpf_prog", "runner", "start"});
        CHECK(trace.frames[1].trust == FrameTrust::FramePointer);
        CHECK_FALSE(trace.guessed);  // the kernel's own way through generated code

        // One that points to no return address is not believed.
        registers.set(Reg::Bp, bp + 0x80);
        const auto scanned = code.walk(UnwindPosition::from_registers(registers));
        REQUIRE(scanned.frames.size() > 1);
        CHECK(scanned.frames[1].trust == FrameTrust::Scan);
        REQUIRE(scanned.guessed);
        CHECK(scanned.guessed->message == "no table");
    }

    TEST_CASE("a frame pointer with its lowest bit set marks the registers of an exception") {
        ThreeFrames code;
        const auto entry = code.function("asm_exc", none);
        const std::uint64_t regs = code.stack.low + 0x400;
        code.put_registers(regs, kernel_registers(code.leaf + 8, code.at - 8));
        auto registers = kernel_registers(entry + 8, regs - 0x20);
        registers.set(Reg::Bp, regs | 1);
        const auto trace = code.walk(UnwindPosition::from_registers(registers));
        CHECK(functions(trace) == Names{"asm_exc", "leaf", "middle", "start"});
        CHECK(trace.frames[0].registers);
        CHECK(trace.frames[1].interrupted);
    }

    TEST_CASE("a scan prefers a return address from which the tables lead on") {
        ThreeFrames code;
        const auto odd = code.function("odd", none);
        const std::uint64_t sp = code.stack.low + 0x300;
        // Stale: its frame would have to end in a return address, and does not.
        code.image.put(sp + 8, code.call(code.middle, 0x60, code.leaf));
        const auto alive = code.indirect_call(code.middle, 0x80);
        code.image.put(sp + 0x50, alive);
        code.image.put(sp + 0x68, code.call(code.start, 0x70, code.middle));
        const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(odd + 8, sp)));
        CHECK(functions(trace) == Names{"odd", "middle", "start"});
        CHECK(trace.frames[1].ip == alive);
        CHECK(trace.frames[1].trust == FrameTrust::Scan);
        CHECK(trace.frames[2].trust == FrameTrust::Orc);
    }

    TEST_CASE("a kernel without any tables is scanned, a bounded number of times") {
        FakeCode code;
        const auto stack = code.add_stack(StackKind::Task);
        const auto one = code.function("one", none);
        const auto back = code.indirect_call(one, 0x10);
        for (std::uint64_t slot = stack.low; slot < stack.high; slot += 8) code.image.put(slot, back);
        const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(one + 1, stack.low)));
        CHECK(trace.end == BacktraceEnd::Lost);
        CHECK(trace.lost);
        CHECK(trace.frames.size() > 8);
        CHECK(trace.frames.size() < 64);
        for (std::size_t i = 1; i < trace.frames.size(); ++i)
            CHECK(trace.frames[i].trust == FrameTrust::Scan);
    }
}

TEST_SUITE("hostile stacks") {
    TEST_CASE("a frame that does not go upwards ends the walk") {
        for (const std::int16_t offset : {std::int16_t{0}, std::int16_t{-8}, std::int16_t{-0x800}}) {
            FakeCode code;
            const auto stack = code.add_stack(StackKind::Task);
            const auto loop = code.function("loop", by_sp(offset));
            const auto back = code.indirect_call(loop, 0x10);
            for (std::uint64_t slot = stack.low; slot < stack.high; slot += 8) code.image.put(slot, back);
            const auto trace =
                code.walk(UnwindPosition::from_registers(kernel_registers(loop + 1, stack.low + 0x1000)));
            CHECK(trace.end == BacktraceEnd::Lost);
            CHECK(trace.frames.size() < 64);
        }
    }

    TEST_CASE("two stacks that lead to each other end the walk") {
        FakeCode code;
        const auto a = code.add_stack(StackKind::Irq), b = code.add_stack(StackKind::Task);
        const auto entry = code.function("entry", exception_frame());
        code.put_registers(a.low + 0x100, kernel_registers(entry + 1, b.low + 0x100));
        code.put_registers(b.low + 0x100, kernel_registers(entry + 1, a.low + 0x100));
        const auto trace =
            code.walk(UnwindPosition::from_registers(kernel_registers(entry + 1, a.low + 0x100)));
        CHECK(trace.end == BacktraceEnd::Lost);
        CHECK(trace.frames.size() < 8);  // a guess or two may follow
    }

    TEST_CASE("stack pointers that lie nowhere end the walk") {
        FakeCode code;
        code.add_stack(StackKind::Task);
        const auto entry = code.function("entry", exception_frame());
        for (const std::uint64_t sp :
             {0ull, 1ull, ~0ull, ~7ull, 0x8000000000000000ull, 0xffffc8fffffffff8ull}) {
            const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(entry + 1, sp)));
            CHECK(trace.end == BacktraceEnd::Lost);
            CHECK(trace.frames.size() == 1);
        }
    }

    TEST_CASE("a stack page that the dump lacks is named as the reason") {
        ThreeFrames code;
        code.image.exclude(code.stack.low + 0x1000);
        const auto trace = code.walk(code.in_leaf());
        CHECK(functions(trace) == Names{"leaf"});
        CHECK(trace.end == BacktraceEnd::Lost);
        REQUIRE(trace.lost);
        CHECK(trace.lost->code == ErrorCode::PageExcluded);
    }

    TEST_CASE("a misaligned frame is no frame") {
        ThreeFrames code;
        const auto odd = code.function("odd", by_sp(0xc));
        const auto trace = code.walk(UnwindPosition::from_registers(kernel_registers(odd + 1, code.at - 8)));
        REQUIRE(trace.frames.size() > 1);
        CHECK(trace.frames[1].trust == FrameTrust::Scan);
    }
}

}  // namespace frame_walker_test
