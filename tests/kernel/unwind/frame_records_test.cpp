// Walks along arm64's frame records: through the interrupt stack, entries of exceptions before and since
// 6.13, signed return addresses, functions without a frame, and the ways in which a stack ends.
#include <doctest/doctest.h>

#include "arch/arm64/arm64.h"
#include "arch/arm64/registers.h"
#include "kernel/unwind/frame_walker.h"
#include "support/fake_code.h"

namespace frame_records_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

using Names = std::vector<std::string>;

constexpr std::uint64_t kernel_mode = 0x604000c5, program_mode = 0x20001000;

struct Records : FakeCode {
    StackRange stack = add_stack(StackKind::Task);
    std::uint64_t entry = add("el0t_64_sync"), read = add("vfs_read"), inner = add("do_read"),
                  leaf = add("memcpy");
    std::uint64_t program = stack.high - in_registers.size;  // where the program's registers lie
    std::uint64_t first = program + in_registers.offset;     // the record in them

    Records() {
        arch = &arm64::arch;
        tables = false;
        for (const std::uint64_t function : {entry, read, inner}) make_frame(function);
        put_record(first, 0, 0);
        put_record(stack.high - 0x200, first, call(entry, 0x40, read));
        put_record(stack.high - 0x280, stack.high - 0x200, call(read, 0x40, inner));
    }
    std::uint64_t add(const std::string& name) {
        return function(name, fail(ErrorCode::NotFound, "there are no tables"));
    }
    void make_frame(std::uint64_t function) {
        image.put<std::uint32_t>(function, 0xa9bd7bfd);      // stp x29, x30, [sp, #-48]!
        image.put<std::uint32_t>(function + 4, 0x910003fd);  // mov x29, sp
    }
    std::uint64_t call(std::uint64_t caller, std::uint64_t offset, std::uint64_t target) {
        const auto words = static_cast<std::uint32_t>((target - caller - offset) / 4);
        image.put<std::uint32_t>(caller + offset, 0x94000000 | (words & 0x3ffffff));
        return caller + offset + 4;
    }
    void put_record(std::uint64_t at, std::uint64_t caller, std::uint64_t return_address) {
        image.put<std::uint64_t>(at, caller);
        image.put<std::uint64_t>(at + 8, return_address);
    }
    Registers registers(std::uint64_t pc, std::uint64_t sp, std::uint64_t fp, std::uint64_t link,
                        std::uint64_t pstate = kernel_mode) const {
        Registers made(arm64::register_file);
        for (std::size_t i = 0; i < arm64::register_count; ++i) made.set(i, 0);
        made.set(arm64::Pc, pc);
        made.set(arm64::Sp, sp);
        made.set(arm64::Fp, fp);
        made.set(arm64::Lr, link);
        made.set(arm64::Pstate, pstate);
        return made;
    }
    UnwindPosition asleep() const {
        UnwindPosition start;
        start.ip = inner + 0x60;
        start.sp = start.slot = start.fp.emplace(stack.high - 0x280);
        start.trust = FrameTrust::Registers;
        return start;
    }
};

}  // namespace

TEST_CASE("records lead to the registers of the program, where there is one") {
    Records code;
    code.put_registers(code.program, code.registers(0x401000, 0xfffff000, 0, 0, program_mode));
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "el0t_64_sync"});
    CHECK(trace.frames[1].trust == FrameTrust::FramePointer);
    CHECK(trace.end == BacktraceEnd::User);
    REQUIRE(trace.registers.size() == 1);
    CHECK(trace.registers[0].ip() == 0x401000);
    CHECK_FALSE(trace.guessed);

    const auto thread = code.walk(code.asleep());
    CHECK(functions(thread) == functions(trace));
    CHECK(thread.end == BacktraceEnd::Kernel);
    CHECK(thread.registers.empty());
}

TEST_CASE("before 5.12 the outermost record had no caller") {
    Records code;
    code.put_record(code.stack.high - 0x200, 0, code.call(code.entry, 0x40, code.read));
    CHECK(code.walk(code.asleep()).end == BacktraceEnd::Kernel);
    code.put_registers(code.program, code.registers(0x401000, 0xfffff000, 0, 0, program_mode));
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "el0t_64_sync"});
    CHECK(trace.end == BacktraceEnd::User);
    CHECK(trace.registers.size() == 1);
}

TEST_CASE("signed return addresses") {
    Records code;
    code.signature = 0xffff000000000000;
    const std::uint64_t signed_address = code.call(code.read, 0x40, code.inner) & 0x1a8fffffffffffff;
    code.put_record(code.stack.high - 0x280, code.stack.high - 0x200, signed_address | 1ull << 55);
    CHECK(functions(code.walk(code.asleep())) == Names{"do_read", "vfs_read", "el0t_64_sync"});
}

TEST_CASE("an interrupt: its own stack, the entry's record, the interrupted function") {
    for (const bool since_6_13 : {false, true}) {
        CAPTURE(since_6_13);
        Records code;
        const StackRange irq = code.add_stack(StackKind::Irq);
        const std::uint64_t handler = code.add("handle_irq"), entered = code.add("el1h_64_irq");
        const std::uint64_t saved = code.stack.high - 0x600, record = saved + code.in_registers.offset;
        const auto interrupted = code.registers(code.inner + 0x60, code.stack.high - 0x280,
                                                code.stack.high - 0x280, code.inner + 0x50);
        code.put_registers(saved, interrupted);
        code.put_record(record, since_6_13 ? 0 : interrupted.fp(), since_6_13 ? 0 : interrupted.ip());
        if (since_6_13) code.image.put<std::uint64_t>(record + 16, 2);
        const std::uint64_t switching = code.stack.high - 0x680;
        code.put_record(switching, record, code.call(entered, 0x40, handler));
        code.put_record(irq.high - 0x40, switching, code.call(handler, 0x40, code.leaf));
        UnwindPosition start;
        start.ip = code.leaf + 0x20;
        start.sp = start.slot = start.fp.emplace(irq.high - 0x40);
        const auto trace = code.walk(start);
        CHECK(functions(trace) ==
              Names{"memcpy", "handle_irq", "el1h_64_irq", "do_read", "vfs_read", "el0t_64_sync"});
        CHECK(trace.frames[0].stack == StackKind::Irq);
        CHECK(trace.frames[2].stack == StackKind::Task);
        CHECK(trace.frames[2].registers == 0u);
        CHECK(trace.frames[3].interrupted);
        REQUIRE(trace.registers.size() == 1);
        CHECK(trace.registers[0].ip() == interrupted.ip());
    }
}

TEST_CASE("interrupted without a frame, the caller is where the link register says") {
    Records code;
    const std::uint64_t back = code.call(code.inner, 0x60, code.leaf), sp = code.stack.high - 0x280;
    const auto walk = [&](std::uint64_t pc, std::uint64_t link) {
        return functions(code.walk(UnwindPosition::from_registers(code.registers(pc, sp, sp, link))));
    };
    const Names whole{"memcpy", "do_read", "vfs_read", "el0t_64_sync"};
    CHECK(walk(code.leaf + 8, back) == whole);
    // Not yet, or not any more: do_read's first instruction, called from vfs_read, whose record is the one.
    code.put_record(sp, code.stack.high - 0x200, code.call(code.entry, 0x60, code.read));
    CHECK(walk(code.inner, code.call(code.read, 0x40, code.inner)) ==
          Names{"do_read", "vfs_read", "el0t_64_sync", "el0t_64_sync"});
    // A function with a frame has left there what it called last.
    Records framed;
    CHECK(functions(framed.walk(UnwindPosition::from_registers(framed.registers(
              framed.inner + 0x80, sp, sp, framed.call(framed.inner, 0x60, framed.leaf))))) ==
          Names{"do_read", "vfs_read", "el0t_64_sync"});
}

TEST_CASE("a call of a wild pointer is a frame, and its caller the next") {
    Records code;
    const std::uint64_t sp = code.stack.high - 0x280, back = code.call(code.inner, 0x60, code.leaf);
    const std::uint64_t saved = sp - 0x400, record = saved + code.in_registers.offset;
    code.put_registers(saved, code.registers(0, sp, sp, back));
    code.put_record(record, sp, 0);
    code.put_record(saved - 0x40, record, code.call(code.entry, 0x60, code.leaf));
    UnwindPosition start;
    start.ip = code.entry + 0x44;
    start.sp = start.slot = start.fp.emplace(saved - 0x40);
    const auto trace = code.walk(start);
    CHECK(functions(trace) ==
          Names{"el0t_64_sync", "el0t_64_sync", "", "do_read", "vfs_read", "el0t_64_sync"});
    CHECK(trace.frames[2].ip == 0);
    CHECK(trace.frames[3].trust == FrameTrust::LinkRegister);
    CHECK_FALSE(trace.guessed);
}

TEST_CASE(
    "a processor that has just entered the kernel has no frame: the program's registers are still its own") {
    Records code;
    const std::uint64_t vectors = code.add("vectors");
    const auto trace = code.walk(
        UnwindPosition::from_registers(code.registers(vectors + 0x80, code.stack.high, 0xfffff010, 0x401000)),
        true);
    CHECK(functions(trace) == Names{"vectors"});
    CHECK(trace.end == BacktraceEnd::User);
    CHECK(trace.registers.empty());
}

TEST_CASE("records that lead nowhere: back, beside the stacks, to what is no return address") {
    Records code;
    const std::uint64_t inner_record = code.stack.high - 0x280, back = code.call(code.read, 0x40, code.inner);
    for (const auto& [caller, address] : {std::pair(inner_record, back),
                                          {inner_record - 0x100, back},
                                          {std::uint64_t{0x1000}, back},
                                          {code.stack.high - 0x200 + 1, back},
                                          {code.stack.high - 0x200, back + 0x10}}) {
        code.put_record(inner_record, caller, address);
        const auto trace = code.walk(code.asleep());
        CHECK(trace.frames.size() < 10);
        CHECK((trace.end == BacktraceEnd::Lost || trace.guessed));
    }
}

TEST_CASE("a record that cannot be read is lost for the reason for which its page is") {
    Records code;
    code.image.exclude(code.stack.high - 0x280);
    const auto trace = code.walk(code.asleep());
    const auto& why = trace.lost ? trace.lost : trace.guessed;
    REQUIRE(why);
    CHECK(why->code == ErrorCode::PageExcluded);
}

}  // namespace frame_records_test
