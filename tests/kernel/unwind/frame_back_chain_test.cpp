// Walks along s390x's back chain: to another stack, through registers that an interrupt saved, functions
// without a frame, the ways in which a stack ends, and chains that lead nowhere. Big endian.
#include <doctest/doctest.h>

#include "arch/s390x/registers.h"
#include "arch/s390x/s390x.h"
#include "kernel/unwind/frame_walker.h"
#include "support/fake_code.h"

namespace frame_back_chain_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

using Names = std::vector<std::string>;

constexpr std::uint64_t kernel_mask = 0x0704c00180000000, program_mask = 0x0705200180000000;
constexpr std::uint64_t back_chain = 152, saved_link = 136, frame_size = 160;

struct Chained : FakeCode {
    StackRange stack = add_stack(StackKind::Task);
    std::uint64_t entry = add("system_call"), read = add("vfs_read"), inner = add("do_read"),
                  leaf = add("memcpy");
    std::uint64_t program = stack.high - s390x::registers_size - 8;
    std::uint64_t first = program - frame_size, read_sp = first - 0x100, inner_sp = read_sp - 0x100;

    Chained() : FakeCode(Endian::Big) {
        arch = &s390x::arch;
        tables = false;
        for (const std::uint64_t function : {read, inner}) make_frame(function);
        put_frame(first, 0, call(entry, 0x40, read));
        put_frame(read_sp, first, call(read, 0x40, inner));
        put_frame(inner_sp, read_sp, call(inner, 0x40, leaf));
    }
    std::uint64_t add(const std::string& name) {
        const std::uint64_t start = function(name, fail(ErrorCode::NotFound, "there are no tables"));
        for (std::uint64_t at = 0; at < function_size; at += 2)
            image.put<std::uint16_t>(start + at, 0x0700);  // nopr
        return start;
    }
    void make_frame(std::uint64_t function) {
        image.put<std::uint32_t>(function, 0xa7fbff00);  // aghi %r15,-256
    }
    std::uint64_t call(std::uint64_t caller, std::uint64_t offset, std::uint64_t target) {
        const std::uint64_t place = caller + offset;
        image.put<std::uint16_t>(place, 0xc0e5);
        image.put<std::int32_t>(place + 2, static_cast<std::int32_t>(target - place) / 2);
        return place + 6;
    }
    // What a function called from this frame put there.
    void put_frame(std::uint64_t sp, std::uint64_t caller, std::uint64_t return_address) {
        image.put<std::uint64_t>(sp + back_chain, caller);
        image.put<std::uint64_t>(sp + saved_link, return_address);
    }
    void put_pt_regs(std::uint64_t at, std::uint64_t mask, std::uint64_t psw, std::uint64_t sp,
                     std::uint64_t link = 0) {
        image.put<std::uint64_t>(at + 8, mask);
        image.put<std::uint64_t>(at + 16, psw);
        image.put<std::uint64_t>(at + 24 + 8 * 14, link);
        image.put<std::uint64_t>(at + 24 + 8 * 15, sp);
    }
    UnwindPosition asleep() const {
        UnwindPosition start;
        start.ip = inner + 0x46;
        start.slot = inner_sp + saved_link;
        start.sp = start.slot + 8;
        start.trust = FrameTrust::Registers;
        return start;
    }
    // A stack of its own on which an interrupt's function calls `leaf`.
    UnwindPosition on_irq_stack(std::uint64_t chained_to, std::uint64_t changed_by) {
        const StackRange irq = add_stack(StackKind::Irq);
        const std::uint64_t top = irq.high - frame_size, sp = top - 0x100;
        put_frame(top, chained_to, call(changed_by, 0x80, inner));
        put_frame(sp, top, call(inner, 0x80, leaf));
        UnwindPosition start;
        start.ip = inner + 0x86;
        start.slot = sp + saved_link;
        start.sp = start.slot + 8;
        return start;
    }
};

}  // namespace

TEST_CASE("the back chain leads to the registers of the program that called the kernel") {
    Chained code;
    code.put_pt_regs(code.program, program_mask, 0x401000, 0x3ff0000);
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "system_call"});
    CHECK(trace.frames[1].trust == FrameTrust::FramePointer);
    CHECK(trace.frames[1].slot == code.read_sp + saved_link);
    CHECK(trace.end == BacktraceEnd::User);
    REQUIRE(trace.registers.size() == 1);
    CHECK(trace.registers[0].ip() == 0x401000);
    CHECK_FALSE(trace.guessed);
}

TEST_CASE("a kernel thread ends at the registers that it began with") {
    Chained code;
    code.put_pt_regs(code.program, kernel_mask, code.entry, code.first);
    const auto trace = code.walk(code.asleep());
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "system_call"});
    CHECK(trace.end == BacktraceEnd::Kernel);
    CHECK(trace.registers.empty());
}

TEST_CASE("an interrupted function is its registers' one, and has a frame") {
    Chained code;
    code.put_pt_regs(code.program, program_mask, 0x401000, 0x3ff0000);
    const std::uint64_t handler_sp = code.inner_sp - 0x300, saved = handler_sp + frame_size;
    code.put_frame(handler_sp, 0, code.call(code.entry, 0x80, code.leaf));
    code.put_pt_regs(saved, kernel_mask, code.inner + 0x60, code.inner_sp, 0x1234);
    UnwindPosition start;
    start.ip = code.entry + 0x86;
    start.slot = handler_sp + saved_link;
    start.sp = start.slot + 8;
    const auto trace = code.walk(start, true);
    CHECK(functions(trace) == Names{"system_call", "do_read", "vfs_read", "system_call"});
    CHECK(trace.frames[1].interrupted);
    CHECK(trace.end == BacktraceEnd::User);
    CHECK(trace.registers.size() == 2);
}

TEST_CASE(
    "the instruction that an exception suppressed is the last of its function, not the first of the next") {
    Chained code;
    code.put_pt_regs(code.program, program_mask, 0x401000, 0x3ff0000);
    const auto trace_by = [&](const std::string& entry_name, std::uint32_t interruption) {
        const std::uint64_t entry = code.add(entry_name);
        const std::uint64_t handler_sp = code.inner_sp - 0x300, saved = handler_sp + frame_size;
        code.put_frame(handler_sp, 0, code.call(entry, 0x80, code.leaf));
        code.put_pt_regs(saved, kernel_mask, code.leaf, code.inner_sp, 0x1234);
        code.image.put<std::uint32_t>(saved + 160, interruption);
        UnwindPosition start;
        start.ip = entry + 0x86;
        start.slot = handler_sp + saved_link;
        start.sp = start.slot + 8;
        return functions(code.walk(start, true));
    };
    constexpr std::uint32_t monitor_event = 0x00040040, page_translation = 0x00040011;
    CHECK(trace_by("pgm_check_handler", monitor_event)[1] == "do_read");
    CHECK(trace_by("pgm_check_handler", page_translation)[1] == "memcpy");
    CHECK(trace_by("io_int_handler", monitor_event)[1] == "memcpy");  // what an interrupt found there
}

TEST_CASE("a call of a wild pointer is its registers' frame, and was called from where their link says") {
    Chained code;
    code.put_pt_regs(code.program, program_mask, 0x401000, 0x3ff0000);
    const std::uint64_t handler_sp = code.inner_sp - 0x300, saved = handler_sp + frame_size;
    code.put_frame(handler_sp, 0, code.call(code.entry, 0x80, code.leaf));
    const auto trace_to = [&](std::uint64_t psw) {
        code.put_pt_regs(saved, kernel_mask, psw, code.inner_sp, code.inner + 0x46);
        UnwindPosition start;
        start.ip = code.entry + 0x86;
        start.slot = handler_sp + saved_link;
        start.sp = start.slot + 8;
        return code.walk(start, true);
    };
    for (const std::uint64_t psw : {std::uint64_t{2}, std::uint64_t{0xffff800012345000}}) {
        const auto trace = trace_to(psw);
        CHECK(functions(trace) == Names{"system_call", "", "do_read", "vfs_read", "system_call"});
        CHECK(trace.frames[1].ip == psw);
        CHECK(trace.frames[1].interrupted);
        CHECK(trace.frames[2].trust == FrameTrust::LinkRegister);
        CHECK(trace.end == BacktraceEnd::User);
        CHECK_FALSE(trace.guessed);
    }
}

TEST_CASE("a frame whose code is lost is kept, and told of") {
    Chained code;
    code.put_pt_regs(code.program, program_mask, 0x401000, 0x3ff0000);
    const std::uint64_t lost = FakeCode::text + 0x40000000;
    code.put_frame(code.read_sp, code.first, lost);
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"do_read", "", "system_call"});
    CHECK(trace.frames[1].trust == FrameTrust::Scan);
    REQUIRE(trace.guessed);
    CHECK(trace.guessed->address == lost);
    CHECK(trace.end == BacktraceEnd::User);
    // A module's code is there, but not its name.
    code.image.put<std::uint32_t>(lost - 6, 0xc0e50000);
    code.image.put<std::uint16_t>(lost - 2, 0x10);
    CHECK(functions(code.walk(code.asleep(), true)) == Names{"do_read", "", "system_call"});
    code.image.put<std::uint32_t>(lost - 6, 0x07000700);  // no call
    CHECK(functions(code.walk(code.asleep(), true)) == Names{"do_read", "system_call"});
}

TEST_CASE("interrupted without a frame, the return address is in its register") {
    Chained code;
    code.put_pt_regs(code.program, program_mask, 0x401000, 0x3ff0000);
    Registers at(s390x::register_file);
    for (std::size_t i = 0; i < s390x::register_count; ++i) at.set(i, 0);
    at.set(s390x::PswMask, kernel_mask);
    at.set(s390x::PswAddr, code.leaf + 0x20);
    at.set(s390x::R14, code.inner + 0x46);
    at.set(s390x::R15, code.inner_sp);
    const auto trace = code.walk(UnwindPosition::from_registers(at), true);
    CHECK(functions(trace) == Names{"memcpy", "do_read", "vfs_read", "system_call"});
    CHECK(trace.frames[1].trust == FrameTrust::LinkRegister);
    CHECK(trace.end == BacktraceEnd::User);
}

TEST_CASE(
    "from the interrupt stack to the task's, where the frame is that of the function which changed it") {
    Chained code;
    code.put_pt_regs(code.program, program_mask, 0x401000, 0x3ff0000);
    const auto start = code.on_irq_stack(code.inner_sp, code.read);
    const auto trace = code.walk(start, true);
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "vfs_read", "system_call"});
    CHECK(trace.frames[0].stack == StackKind::Irq);
    CHECK(trace.frames[2].stack == StackKind::Task);
    CHECK(trace.end == BacktraceEnd::User);
}

TEST_CASE("a function that changed the stack without a frame kept its return address where all do") {
    Chained code;
    code.put_pt_regs(code.program, program_mask, 0x401000, 0x3ff0000);
    const auto trace = code.walk(code.on_irq_stack(code.inner_sp, code.leaf), true);
    CHECK(functions(trace) == Names{"do_read", "memcpy", "do_read", "vfs_read", "system_call"});
    CHECK(trace.frames[2].stack == StackKind::Task);
    CHECK(trace.end == BacktraceEnd::User);
}

TEST_CASE("chains that lead nowhere end, and say why") {
    for (const std::uint64_t to : {std::uint64_t{0x1000}, std::uint64_t{0xfffffffffffffff8}}) {
        Chained code;
        code.put_frame(code.read_sp, to, code.read + 0x46);
        const auto trace = code.walk(code.asleep(), true);
        CHECK(trace.end == BacktraceEnd::Lost);
        CHECK(trace.lost);
    }
    Chained loop;
    loop.put_frame(loop.read_sp, loop.inner_sp, loop.read + 0x46);
    CHECK(loop.walk(loop.asleep(), true).end == BacktraceEnd::Lost);
    Chained bare;  // the chain ends, but no registers follow
    CHECK(bare.walk(bare.asleep(), true).end != BacktraceEnd::User);
}

}  // namespace frame_back_chain_test
