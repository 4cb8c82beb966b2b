// Walks along powerpc's back chain, through frames that an entry marked: registers of a program and of the
// kernel, in the layouts of three ages, marks that are old, and a task that sleeps.
#include <doctest/doctest.h>

#include "arch/ppc64/ppc64.h"
#include "arch/ppc64/registers.h"
#include "kernel/unwind/frame_walker.h"
#include "support/fake_code.h"

namespace frame_marked_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

using Names = std::vector<std::string>;

constexpr std::uint64_t kernel_msr = 0x8000000002801033, program_msr = 0x800000000280f033;
constexpr std::uint64_t saved_link = 16;

struct Layout {
    std::uint64_t mark_at, mark, registers_at;
};
constexpr Layout newer = {32, 0x53474552, 48}, middle = {96, 0x53474552, 112},
                 older = {96, 0x7265677368657265, 112};

struct Chained : FakeCode {
    StackRange stack = add_stack(StackKind::Task);
    std::uint64_t entry = add("system_call"), read = add("vfs_read"), inner = add("do_read"),
                  leaf = add("memcpy");
    Layout layout;
    std::uint64_t first, read_sp, inner_sp;

    explicit Chained(Layout shape = newer) : layout(shape) {
        arch = &ppc64::arch;
        tables = false;
        first = stack.high - ppc64::registers_size - layout.registers_at - 32;
        read_sp = first - 0x100;
        inner_sp = read_sp - 0x100;
        for (const std::uint64_t function : {read, inner})
            image.put<std::uint32_t>(function, 0xf821ff01);  // stdu
        put_frame(first, 0x7ffff000, call(entry, 0x40, read));
        put_frame(read_sp, first, call(read, 0x40, inner));
        put_frame(inner_sp, read_sp, call(inner, 0x40, leaf));
    }
    std::uint64_t add(const std::string& name) {
        const std::uint64_t start = function(name, fail(ErrorCode::NotFound, "there are no tables"));
        for (std::uint64_t at = 0; at < function_size; at += 4)
            image.put<std::uint32_t>(start + at, 0x60000000);  // nop
        return start;
    }
    std::uint64_t call(std::uint64_t caller, std::uint64_t offset, std::uint64_t target) {
        const std::uint64_t place = caller + offset;
        image.put<std::uint32_t>(place,
                                 0x48000001 | (static_cast<std::uint32_t>(target - place) & 0x03fffffc));
        return place + 4;
    }
    void put_frame(std::uint64_t sp, std::uint64_t caller, std::uint64_t return_address) {
        image.put<std::uint64_t>(sp, caller);
        image.put<std::uint64_t>(sp + saved_link, return_address);
    }
    void mark(std::uint64_t frame, std::uint64_t msr, std::uint64_t nip, std::uint64_t sp,
              std::uint64_t link = 0) {
        image.put<std::uint64_t>(frame + layout.mark_at, layout.mark);
        const std::uint64_t place = frame + layout.registers_at;
        image.put<std::uint64_t>(place + 8 * ppc64::R1, sp);
        image.put<std::uint64_t>(place + 8 * ppc64::Nip, nip);
        image.put<std::uint64_t>(place + 8 * ppc64::Msr, msr);
        image.put<std::uint64_t>(place + 8 * ppc64::Link, link);
        image.put<std::uint64_t>(place + 8 * ppc64::Trap, 0x300);
    }
    UnwindPosition in_frame(std::uint64_t sp, std::uint64_t ip) const {
        UnwindPosition start;
        start.ip = ip;
        start.slot = sp + saved_link;
        start.sp = start.slot + 8;
        start.trust = FrameTrust::Registers;
        return start;
    }
    UnwindPosition asleep() const { return in_frame(inner_sp, inner + 0x44); }
};

}  // namespace

TEST_CASE("the back chain leads to the marked frame of the program that called the kernel") {
    for (const Layout layout : {newer, middle, older}) {
        Chained code(layout);
        code.mark(code.first, program_msr, 0x10001000, 0x7ffff000);
        const auto trace = code.walk(code.asleep(), true);
        CHECK(functions(trace) == Names{"do_read", "vfs_read", "system_call"});
        CHECK(trace.end == BacktraceEnd::User);
        REQUIRE(trace.registers.size() == 1);
        CHECK(trace.registers[0].ip() == 0x10001000);
        CHECK_FALSE(trace.guessed);
    }
}

TEST_CASE("the mark of the next frame is no mark of a small one before it") {
    Chained code;
    code.mark(code.first, program_msr, 0x10001000, 0x7ffff000);
    // In this place the older frames have theirs: system_call_exception() without a random offset of the
    // stack.
    const std::uint64_t small = code.first + newer.mark_at - older.mark_at;
    code.put_frame(small, code.first, code.call(code.read, 0x80, code.inner));
    code.put_frame(code.read_sp, small, code.call(code.read, 0x40, code.inner));
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "vfs_read", "system_call"});
    CHECK(trace.end == BacktraceEnd::User);
    CHECK(trace.registers.size() == 1);
}

TEST_CASE("a call of a wild pointer is a frame, and its caller the next") {
    Chained code;
    code.mark(code.first, program_msr, 0x10001000, 0x7ffff000);
    const std::uint64_t frame = code.inner_sp - 0x300;
    code.put_frame(frame, code.inner_sp, code.call(code.entry, 0x80, code.leaf));
    code.mark(frame, kernel_msr, 0, code.inner_sp, code.inner + 0x44);
    const auto trace = code.walk(code.in_frame(frame, code.entry + 0x84), true);
    CHECK(functions(trace) == Names{"system_call", "", "do_read", "vfs_read", "system_call"});
    CHECK(trace.frames[2].trust == FrameTrust::LinkRegister);
    CHECK_FALSE(trace.guessed);
    // Of a module that nothing tells of, what was interrupted and what had called it.
    const std::uint64_t lost = FakeCode::text + 0x40000000;
    code.mark(frame, kernel_msr, lost + 0x100, code.inner_sp, lost);
    const auto unsure = code.walk(code.in_frame(frame, code.entry + 0x84), true);
    CHECK(functions(unsure) == Names{"system_call", "", "", "vfs_read", "system_call"});
    CHECK(unsure.frames[2].trust == FrameTrust::Scan);
    CHECK(unsure.guessed);
}

TEST_CASE("a kernel thread ends where the chain does") {
    Chained code;
    code.put_frame(code.first, 0, code.entry + 0x44);
    const auto trace = code.walk(code.asleep());
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "system_call"});
    CHECK(trace.end == BacktraceEnd::Kernel);
    CHECK_FALSE(trace.guessed);
    CHECK(code.walk(code.asleep(), true).end != BacktraceEnd::User);
}

TEST_CASE("an interrupted function is its registers' one, with a frame and without") {
    for (const bool without_frame : {false, true}) {
        Chained code;
        code.mark(code.first, program_msr, 0x10001000, 0x7ffff000);
        const std::uint64_t frame = code.inner_sp - 0x300;
        code.put_frame(frame, code.inner_sp, code.call(code.entry, 0x80, code.leaf));
        code.mark(frame, kernel_msr, without_frame ? code.leaf + 0x20 : code.inner + 0x60, code.inner_sp,
                  code.inner + 0x44);
        const auto trace = code.walk(code.in_frame(frame, code.entry + 0x84), true);
        CHECK(functions(trace) == (without_frame
                                       ? Names{"system_call", "memcpy", "do_read", "vfs_read", "system_call"}
                                       : Names{"system_call", "do_read", "vfs_read", "system_call"}));
        CHECK(trace.frames[1].interrupted);
        CHECK(trace.end == BacktraceEnd::User);
        CHECK(trace.registers.size() == 2);
    }
}

TEST_CASE(
    "an entry that was interrupted before it changed stacks: the program's is all that lies behind it") {
    Chained code;
    const std::uint64_t frame = code.inner_sp - 0x300;
    code.put_frame(frame, 0x7ffff000, code.call(code.entry, 0x80, code.leaf));
    code.mark(frame, kernel_msr, code.read + 0x4, 0x7ffff000, code.inner + 0x44);
    const auto trace = code.walk(code.in_frame(frame, code.entry + 0x84), true);
    CHECK(functions(trace) == Names{"system_call", "vfs_read"});
    CHECK(trace.end == BacktraceEnd::User);
    CHECK_FALSE(trace.guessed);
    // A kernel thread has no such stack.
    CHECK(code.walk(code.in_frame(frame, code.entry + 0x84)).end == BacktraceEnd::Lost);
}

TEST_CASE("a return address into the interrupted function itself is what an earlier call of its own left") {
    Chained code;
    code.mark(code.first, program_msr, 0x10001000, 0x7ffff000);
    code.image.put<std::uint32_t>(code.inner, 0x60000000);  // the frame is made further on
    const std::uint64_t frame = code.inner_sp - 0x300;
    code.put_frame(frame, code.inner_sp, code.call(code.entry, 0x80, code.leaf));
    code.mark(frame, kernel_msr, code.inner + 0x60, code.inner_sp, code.inner + 0x44);
    const auto trace = code.walk(code.in_frame(frame, code.entry + 0x84), true);
    CHECK(functions(trace) == Names{"system_call", "do_read", "vfs_read", "system_call"});
}

TEST_CASE("an old mark is none: the frame is chained to another one than its registers say") {
    Chained code;
    code.mark(code.first, program_msr, 0x10001000, 0x7ffff000);
    code.mark(code.inner_sp, kernel_msr, code.leaf + 0x20, code.inner_sp - 0x100, code.inner + 0x44);
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"do_read", "vfs_read", "system_call"});
    code.mark(code.inner_sp, program_msr, 0x10001000, 0x7ffff000);  // a program's, in the middle of a stack
    CHECK(functions(code.walk(code.asleep(), true)) == Names{"do_read", "vfs_read", "system_call"});
}

TEST_CASE("chains that lead nowhere end, and say why") {
    Chained code;
    code.put_frame(code.read_sp, 0x1000, code.read + 0x44);
    const auto trace = code.walk(code.asleep(), true);
    CHECK(trace.end == BacktraceEnd::Lost);
    CHECK(trace.lost);
}

}  // namespace frame_marked_test
