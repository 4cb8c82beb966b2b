// Walks along riscv64's frames: through the interrupt stack, exceptions in the kernel, functions that keep no
// return address or have no frame yet, labels that entries return to, a stack that overflowed, and the ways
// in which a stack ends.
#include <doctest/doctest.h>

#include "arch/riscv64/registers.h"
#include "arch/riscv64/riscv64.h"
#include "kernel/unwind/frame_walker.h"
#include "support/fake_code.h"

namespace frame_linked_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

using Names = std::vector<std::string>;

constexpr std::uint64_t kernel_status = 0x200000120, program_status = 0x8000000200006020;
constexpr std::uint64_t page_fault = 13, system_call = 8;

struct Linked : FakeCode {
    StackRange stack = add_stack(StackKind::Task);
    std::uint64_t entry = add("handle_exception"), read = add("vfs_read"), inner = add("do_read"),
                  leaf = add("memcpy");
    std::uint64_t program = stack.high - riscv64::registers_size;  // where the program's registers lie
    std::uint64_t read_fp = program, inner_fp = program - 0x80, inner_sp = inner_fp - 0x40;

    Linked() {
        arch = &riscv64::arch;
        tables = false;
        for (const std::uint64_t function : {read, inner}) make_frame(function, true);
        put_frame(read_fp, 0x7ffff000, call(entry, 0x40, read));
        put_frame(inner_fp, read_fp, call(read, 0x40, inner));
    }
    std::uint64_t add(const std::string& name) {
        return function(name, fail(ErrorCode::NotFound, "there are no tables"));
    }
    void make_frame(std::uint64_t function, bool keeps_link) {
        image.put<std::uint32_t>(function, 0xfe010113);                          // addi sp, sp, -32
        image.put<std::uint32_t>(function + 4, keeps_link ? 0x00113c23 : 0x13);  // sd ra, 24(sp); nop
        image.put<std::uint32_t>(function + 8, 0x00813823);                      // sd s0, 16(sp)
        image.put<std::uint32_t>(function + 12, 0x02010413);                     // addi s0, sp, 32
        for (std::uint64_t at = 16; at < function_size; at += 4)
            image.put<std::uint32_t>(function + at, 0x13);
    }
    std::uint64_t call(std::uint64_t caller, std::uint64_t offset, std::uint64_t target) {
        const auto by = static_cast<std::uint32_t>(target - caller - offset);
        image.put<std::uint32_t>(caller + offset, (by >> 20 & 1) << 31 | (by >> 1 & 0x3ff) << 21 |
                                                      (by >> 11 & 1) << 20 | (by >> 12 & 0xff) << 12 | 0xef);
        return caller + offset + 4;
    }
    void put_frame(std::uint64_t fp, std::uint64_t caller, std::uint64_t return_address) {
        image.put<std::uint64_t>(fp - 16, caller);
        image.put<std::uint64_t>(fp - 8, return_address);
    }
    Registers registers(std::uint64_t epc, std::uint64_t sp, std::uint64_t fp, std::uint64_t ra,
                        std::uint64_t status = kernel_status, std::uint64_t cause = page_fault) const {
        Registers made(riscv64::register_file);
        for (std::size_t i = 0; i < riscv64::register_count; ++i) made.set(i, 0);
        made.set(riscv64::Epc, epc);
        made.set(riscv64::Sp, sp);
        made.set(riscv64::Fp, fp);
        made.set(riscv64::Ra, ra);
        made.set(riscv64::Status, status);
        made.set(riscv64::Cause, cause);
        return made;
    }
    void put_program() {
        put_registers(program, registers(0x401000, 0x7fffe000, 0x7ffff000, 0, program_status, system_call));
    }
    UnwindPosition asleep() const {
        UnwindPosition start;
        start.ip = inner + 0x60;
        start.sp = start.slot = inner_sp;
        start.fp = inner_fp;
        start.trust = FrameTrust::Registers;
        return start;
    }
};

}  // namespace

TEST_CASE("frames lead to the registers of the program that called the kernel") {
    Linked code;
    code.put_program();
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "handle_exception"});
    CHECK(trace.frames[1].trust == FrameTrust::FramePointer);
    CHECK(trace.end == BacktraceEnd::User);
    REQUIRE(trace.registers.size() == 1);
    CHECK(trace.registers[0].ip() == 0x401000);
    CHECK_FALSE(trace.guessed);
}

TEST_CASE("a kernel thread ends where its stack began, whatever its first frame pointer was") {
    Linked code;
    code.put_frame(code.read_fp, code.leaf, code.call(code.entry, 0x40, code.read));
    const auto trace = code.walk(code.asleep());
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "handle_exception"});
    CHECK(trace.end == BacktraceEnd::Kernel);
    CHECK(trace.registers.empty());
    CHECK_FALSE(trace.guessed);
}

TEST_CASE("a task that has not run since it was forked is at its program's registers") {
    Linked code;
    code.put_program();
    UnwindPosition start;
    start.ip = code.add("ret_from_fork");
    start.sp = start.slot = code.program;
    start.fp = 0;
    start.interrupted = true;
    const auto trace = code.walk(start, true);
    CHECK(functions(trace) == Names{"ret_from_fork"});
    CHECK(trace.end == BacktraceEnd::User);
    CHECK(trace.registers.size() == 1);
}

TEST_CASE(
    "an interrupt: its own stack, whose first frame lies at its very end, the entry, what it interrupted") {
    Linked code;
    code.put_program();
    const StackRange irq = code.add_stack(StackKind::Irq);
    const std::uint64_t handler = code.add("handle_irq"), switching = code.add("call_on_irq_stack"),
                        do_irq = code.add("do_irq");
    const std::uint64_t saved = code.inner_sp - riscv64::registers_size;
    std::uint64_t found = 0;
    code.put_registers(saved, code.registers(code.inner + 0x60, code.inner_sp, code.inner_fp, 0));
    // Either the interrupted frame pointer is still there, or the entry has made a frame.
    SUBCASE("without a frame of the entry") {
        found = code.inner_fp;
    }
    SUBCASE("with one") {
        found = code.inner_sp;
    }
    code.put_frame(saved, found, code.call(code.entry, 0x60, do_irq));
    const std::uint64_t before_switch = saved - 0x40;
    code.put_frame(before_switch, saved, code.call(do_irq, 0x40, switching));
    code.put_frame(irq.high, before_switch, code.call(switching, 0x40, handler));
    UnwindPosition start;
    start.ip = handler + 0x20;
    start.sp = start.slot = irq.high - 0x40;
    start.fp = irq.high;
    const auto trace = code.walk(start, true);
    CHECK(functions(trace) == Names{"handle_irq", "call_on_irq_stack", "do_irq", "handle_exception",
                                    "do_read", "vfs_read", "handle_exception"});
    CHECK(trace.frames[1].stack == StackKind::Irq);
    CHECK(trace.frames[2].stack == StackKind::Task);
    CHECK(trace.frames[4].interrupted);
    CHECK(trace.registers.size() == 2);
    CHECK_FALSE(trace.guessed);
}

TEST_CASE("a call of a wild pointer is a frame, and its caller the next") {
    Linked code;
    code.put_program();
    const std::uint64_t saved = code.inner_sp - riscv64::registers_size;
    code.put_registers(
        saved, code.registers(0, code.inner_sp, code.inner_fp, code.call(code.inner, 0x60, code.leaf)));
    code.put_frame(saved, code.inner_fp, code.call(code.entry, 0x60, code.leaf));
    UnwindPosition start;
    start.ip = code.leaf + 0x20;
    start.sp = start.slot = saved - 0x40;
    start.fp = saved;
    const auto trace = code.walk(start, true);
    CHECK(functions(trace) ==
          Names{"memcpy", "handle_exception", "", "do_read", "vfs_read", "handle_exception"});
    CHECK(trace.frames[3].trust == FrameTrust::LinkRegister);
    CHECK_FALSE(trace.guessed);
}

TEST_CASE("interrupted in a function that calls none, or that has no frame yet or any more") {
    Linked code;
    code.put_program();
    const std::uint64_t back = code.call(code.inner, 0x60, code.leaf);
    const auto walk = [&](std::uint64_t epc, std::uint64_t sp, std::uint64_t fp) {
        return functions(code.walk(UnwindPosition::from_registers(code.registers(epc, sp, fp, back)), true));
    };
    const Names whole{"memcpy", "do_read", "vfs_read", "handle_exception"};
    code.make_frame(code.leaf, false);
    const std::uint64_t leaf_fp = code.inner_sp;
    code.image.put<std::uint64_t>(leaf_fp - 8, code.inner_fp);
    CHECK(walk(code.leaf + 0x40, leaf_fp - 32, leaf_fp) == whole);
    CHECK(walk(code.leaf + 4, leaf_fp - 32, code.inner_fp) == whole);
    CHECK(walk(code.leaf, leaf_fp, code.inner_fp) == whole);
    code.image.put<std::uint32_t>(code.leaf + 0x30, 0x01013403);  // ld s0, 16(sp)
    CHECK(walk(code.leaf + 0x34, leaf_fp - 32, code.inner_fp) == whole);
    // One with a whole frame has left in the register what it called last.
    code.make_frame(code.leaf, true);
    code.put_frame(leaf_fp, code.inner_fp, back);
    CHECK(functions(
              code.walk(UnwindPosition::from_registers(code.registers(code.leaf + 0x40, leaf_fp - 32, leaf_fp,
                                                                      code.call(code.leaf, 0x20, code.read))),
                        true)) == whole);
}

TEST_CASE("older entries had a label returned to, before which no call stands") {
    Linked code;
    code.put_program();
    const std::uint64_t label = code.add("ret_from_exception");
    code.put_frame(code.read_fp, 0x7ffff000, label);
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "ret_from_exception"});
    CHECK(trace.end == BacktraceEnd::User);
    CHECK_FALSE(trace.frames[2].interrupted);
    CHECK(trace.frames[2].place->start == trace.frames[2].ip);
    // Without registers there it is but the address of a function.
    code.image.put<std::uint64_t>(code.program, 0);
    code.image.put<std::uint64_t>(code.program + 8 * riscv64::Fp, 1);
    CHECK(code.walk(code.asleep(), true).end == BacktraceEnd::Lost);
}

TEST_CASE("a stack that overflowed: the interrupted stack pointer lies below it") {
    Linked code;
    code.put_program();
    const StackRange overflow = code.add_stack(StackKind::Overflow);
    const std::uint64_t bad = code.add("handle_bad_stack"), saved = overflow.high - riscv64::registers_size;
    const std::uint64_t below = code.stack.low - 0x100;
    code.put_registers(saved, code.registers(code.inner + 0x60, below, code.inner_fp, 0));
    // It was jumped to: what it would return to is what the interrupted function would.
    code.put_frame(saved, below, code.call(code.read, 0x40, code.inner));
    UnwindPosition start;
    start.ip = bad + 0x20;
    start.sp = start.slot = saved - 0x40;
    start.fp = saved;
    const auto trace = code.walk(start, true);
    CHECK(functions(trace) == Names{"handle_bad_stack", "do_read", "vfs_read", "handle_exception"});
    CHECK(trace.frames[0].stack == StackKind::Overflow);
    CHECK(trace.registers.size() == 2);
}

TEST_CASE("frames that lead nowhere: back, beside the stacks, to what is no return address") {
    for (const auto& [caller, shift] :
         {std::pair(-0x100, 0), {0, 0}, {-0x100000, 0}, {0x81, 0}, {0x80, 0x10}}) {
        Linked code;
        const std::uint64_t back = code.call(code.read, 0x40, code.inner);
        code.put_frame(code.inner_fp, code.inner_fp + static_cast<std::uint64_t>(std::int64_t{caller}),
                       back + static_cast<std::uint64_t>(shift));
        const auto trace = code.walk(code.asleep(), true);
        CHECK(trace.frames.size() < 10);
        CHECK((trace.end == BacktraceEnd::Lost || trace.guessed));
    }
}

TEST_CASE("where a walk is lost the reason is what is wrong with the frame") {
    Linked code;
    const auto reason = [&](const UnwindPosition& start) {
        const auto trace = code.walk(start, true);
        return trace.guessed ? *trace.guessed : trace.lost.value_or(Error());
    };
    code.put_frame(code.inner_fp, code.inner_fp - 0x100000, code.call(code.read, 0x40, code.inner));
    CHECK(reason(code.asleep()).message == "the frame pointer leads to no frame");
    code.image.exclude(code.inner_fp - 16);
    CHECK(reason(code.asleep()).code == ErrorCode::PageExcluded);
    // Without the pointer, and without a call that could be found by itself.
    Linked bare;
    bare.put_frame(bare.inner_fp, 0, 0);
    UnwindPosition without = bare.asleep();
    without.fp.reset();
    const auto trace = bare.walk(without, true);
    const Error why = trace.guessed ? *trace.guessed : trace.lost.value_or(Error());
    CHECK(why.message == "what the frame pointer was is not known");
}

}  // namespace frame_linked_test
