// Walks of kernels that keep frame pointers and have no tables: RHEL 6 and 7, 4.4. What lies where is that of
// their arch/x86/kernel/entry_64.S.
#include <doctest/doctest.h>

#include "kernel/unwind/frame_walker.h"
#include "support/fake_code.h"

namespace frame_links_test {

using namespace postmortem;
using namespace postmortem::test;
using namespace postmortem::x86_64;

namespace {

using Names = std::vector<std::string>;

// system_call > sys_read > vfs_read > schedule, each with a frame; the program's frame pointer is `user_bp`.
struct SystemCall : FakeCode {
    static constexpr std::uint64_t user_bp = 0x7ffd12345678;
    StackRange stack = add_stack(StackKind::Task);
    std::uint64_t entry = add("system_call"), read = add("sys_read"), inner = add("vfs_read"),
                  sleep = add("schedule"), page_fault = add("page_fault"), handler = add("do_page_fault");
    std::uint64_t room = stack.high - pt_regs_size;  // where the program's registers lie
    std::uint64_t outer_frame = stack.high - 0x100, inner_frame = stack.high - 0x180;

    SystemCall() {
        tables = false;
        put_frame(inner_frame, outer_frame, call(read, 0x30, inner));
    }
    std::uint64_t add(const std::string& name) {
        return function(name, fail(ErrorCode::NotFound, "there are no tables"));
    }
    void put_frame(std::uint64_t at, std::uint64_t caller, std::uint64_t return_address) {
        image.put<std::uint64_t>(at, caller);
        image.put<std::uint64_t>(at + 8, return_address);
    }
    // The frame of sys_read: what the entry's stack pointer was is right above it.
    void enter_at(std::uint64_t entry_sp) {
        outer_frame = entry_sp - 16;
        put_frame(inner_frame, outer_frame, call(read, 0x30, inner));
        put_frame(outer_frame, user_bp, indirect_call(entry, 0x40));
    }
    // In what an exception called: the entry has the registers that it found at its stack pointer, and the
    // frame pointer is still the interrupted one's. A program is behind all of it.
    UnwindPosition in_page_fault(std::uint64_t at, const Registers& found) {
        Registers user = user_registers();
        user.set(Bp, user_bp);
        put_registers(room, user);
        put_registers(at, found);
        put_frame(at - 16, found[Bp], call(page_fault, 0x20, handler));
        Registers now = kernel_registers(handler + 0x40, at - 0x60);
        now.set(Bp, at - 16);
        return UnwindPosition::from_registers(now);
    }
    UnwindPosition asleep() {
        UnwindPosition start;
        start.ip = call(inner, 0x50, sleep);
        start.sp = start.slot = inner_frame - 0x40;
        start.fp = inner_frame;
        start.trust = FrameTrust::Registers;
        return start;
    }
};

}  // namespace

TEST_CASE("frame pointers lead to the entry, and the program's registers end the walk") {
    SystemCall code;
    code.enter_at(code.room);
    Registers user = user_registers();
    user.set(Bp, SystemCall::user_bp);
    code.put_registers(code.room, user);
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"vfs_read", "sys_read", "system_call"});
    CHECK(trace.frames[1].trust == FrameTrust::FramePointer);
    CHECK(trace.frames[2].trust == FrameTrust::FramePointer);
    CHECK(trace.end == BacktraceEnd::User);
    REQUIRE(trace.frames[2].registers);
    CHECK(trace.registers[*trace.frames[2].registers].ip() == user.ip());
}

TEST_CASE("an entry that saves only some registers ends the walk as well") {
    // SAVE_ARGS (before 4.2) leaves the stack pointer at r11.
    SystemCall code;
    code.enter_at(code.room + 6 * 8);
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"vfs_read", "sys_read", "system_call"});
    CHECK(trace.end == BacktraceEnd::User);
    CHECK_FALSE(trace.frames[2].registers);
    CHECK_FALSE(trace.lost);
}

TEST_CASE("a kernel thread's first function ends the walk") {
    SystemCall code;
    code.put_frame(code.room - 16, 0, code.indirect_call(code.entry, 0x40));
    code.put_frame(code.inner_frame, code.room - 16, code.call(code.read, 0x30, code.inner));
    const auto trace = code.walk(code.asleep());
    CHECK(functions(trace) == Names{"vfs_read", "sys_read", "system_call"});
    CHECK(trace.end == BacktraceEnd::Kernel);
}

TEST_CASE("a function that an exception interrupted is not skipped") {
    // touch is interrupted; its frame is frame_of_touch; page_fault calls do_page_fault with the registers at
    // its stack pointer, and the frame pointer is still that of touch.
    SystemCall code;
    const auto touch = code.add("touch");
    code.enter_at(code.room);
    const std::uint64_t frame_of_touch = code.inner_frame - 0x100, regs = frame_of_touch - 0x200;
    code.put_frame(frame_of_touch, code.inner_frame, code.call(code.inner, 0x60, touch));
    Registers saved = kernel_registers(touch + 0x20, frame_of_touch - 0x10);
    saved.set(Bp, frame_of_touch);
    const UnwindPosition now = code.in_page_fault(regs, saved);
    const auto trace = code.walk(now, true);
    CHECK(functions(trace) ==
          Names{"do_page_fault", "page_fault", "touch", "vfs_read", "sys_read", "system_call"});
    REQUIRE(trace.frames[1].registers);
    CHECK(trace.registers[*trace.frames[1].registers].ip() == touch + 0x20);
    CHECK(trace.frames[2].interrupted);
    CHECK(trace.end == BacktraceEnd::User);

    // Other registers that lie there are not those of this exception.
    saved.set(Bp, frame_of_touch + 8);
    code.put_registers(regs, saved);
    CHECK(functions(code.walk(now, true)) ==
          Names{"do_page_fault", "page_fault", "vfs_read", "sys_read", "system_call"});
}

TEST_CASE("the call of a null pointer is a frame, and so is who called") {
    // touch has a frame and calls 0; the exception found the return address at the stack pointer.
    SystemCall code;
    const auto touch = code.add("touch");
    code.enter_at(code.room);
    const std::uint64_t frame_of_touch = code.inner_frame - 0x100, sp = frame_of_touch - 8,
                        regs = sp - 8 - pt_regs_size;
    code.put_frame(frame_of_touch, code.inner_frame, code.call(code.inner, 0x60, touch));
    code.image.put<std::uint64_t>(sp, code.indirect_call(touch, 0x20));
    Registers saved = kernel_registers(0, sp);
    saved.set(Bp, frame_of_touch);
    const UnwindPosition now = code.in_page_fault(regs, saved);
    const auto trace = code.walk(now, true);
    CHECK(functions(trace) ==
          Names{"do_page_fault", "page_fault", "", "touch", "vfs_read", "sys_read", "system_call"});
    REQUIRE(trace.frames[1].registers);
    CHECK(trace.registers[*trace.frames[1].registers].ip() == 0);
    CHECK(trace.end == BacktraceEnd::User);

    // No exception leaves its registers so far below the stack pointer that it found.
    saved.set(Sp, sp + 0x40);
    code.put_registers(regs, saved);
    CHECK(functions(code.walk(now, true)) ==
          Names{"do_page_fault", "page_fault", "vfs_read", "sys_read", "system_call"});
}

TEST_CASE("who called by pointer a function that has pushed the frame pointer, and not set it") {
    for (const bool by_thunk : {false, true}) {
        CAPTURE(by_thunk);
        SystemCall code;
        const auto touch = code.add("touch"), thunk = code.add("__x86_indirect_thunk_rax");
        code.enter_at(code.room);
        const std::uint64_t sp = code.inner_frame - 0x40;
        code.image.put<std::uint64_t>(sp, code.inner_frame);
        code.image.put<std::uint64_t>(
            sp + 8, by_thunk ? code.call(code.inner, 0x60, thunk) : code.indirect_call(code.inner, 0x60));
        Registers now = kernel_registers(touch + 0x20, sp);
        now.set(Bp, code.inner_frame);
        CHECK(functions(code.walk(UnwindPosition::from_registers(now), true)) ==
              Names{"touch", "vfs_read", "sys_read", "system_call"});
    }
}

TEST_CASE("from the interrupt stack a pointer leads to what was interrupted") {
    for (const std::uint64_t into :
         {std::uint64_t{0}, std::uint64_t{4 * 8}}) {  // to the registers; to bp in them
        CAPTURE(into);
        SystemCall code;
        const auto irq = code.add_stack(StackKind::Irq);
        const auto spin = code.add("spin"), interrupt = code.add("common_interrupt"),
                   handler = code.add("do_IRQ");
        code.enter_at(code.room);
        const std::uint64_t frame = code.inner_frame - 0x100, regs = frame - 0x200;
        code.put_frame(frame, code.inner_frame, code.call(code.inner, 0x60, spin));
        Registers saved = kernel_registers(spin + 0x20, frame - 0x10);
        saved.set(Bp, frame);
        code.put_registers(regs, saved);
        code.image.put<std::uint64_t>(irq.high - 0x48, regs + into);
        code.put_frame(irq.high - 0x58, frame, code.call(interrupt, 0x20, handler));
        Registers now = kernel_registers(handler + 0x40, irq.high - 0x90);
        now.set(Bp, irq.high - 0x58);
        const auto trace = code.walk(UnwindPosition::from_registers(now), true);
        REQUIRE(trace.frames.size() > 3);
        CHECK(functions(trace)[2] == "spin");
        CHECK(functions(trace)[3] == "vfs_read");
        CHECK(trace.frames[0].stack == StackKind::Irq);
        CHECK(trace.frames[2].stack == StackKind::Task);
        REQUIRE(trace.frames[1].registers);
        // SAVE_ARGS_IRQ saves neither r12 to r15 nor rbx.
        CHECK(trace.registers[*trace.frames[1].registers].knows(R12) == (into == 0));
        CHECK(trace.registers[*trace.frames[1].registers].knows(Bx) == (into == 0));
        CHECK(trace.registers[*trace.frames[1].registers].knows(Bp));
    }
}

namespace {

/// reboot_interrupt of 2.6.32 > smp_reboot_interrupt > stop_this_cpu, on the interrupt stack; the entry has
/// saved its registers on the task's.
struct OldInterrupt : SystemCall {
    explicit OldInterrupt(bool of_user) : user(of_user) {
        enter_at(room);
        saved.set(Bx, interrupted_bp());
        lay(user ? room : inner_frame - 0x200);
    }
    std::uint64_t interrupted_bp() const { return user ? user_bp : inner_frame; }
    void lay(std::uint64_t regs) {
        put_registers(regs, saved);
        image.put<std::uint64_t>(irq.high - 0x48, regs + 5 * 8);
        put_frame(irq.high - 0x58, regs + 5 * 8, call(interrupt, 0x20, handler));
        put_frame(irq.high - 0x68, irq.high - 0x58, call(handler, 0x20, stop));
    }
    RawBacktrace trace() {
        Registers now = kernel_registers(stop + 0x40, irq.high - 0x90);
        now.set(Bp, irq.high - 0x68);
        return walk(UnwindPosition::from_registers(now), user);
    }

    bool user;
    StackRange irq = add_stack(StackKind::Irq);
    std::uint64_t interrupt = add("reboot_interrupt"), handler = add("smp_reboot_interrupt"),
                  stop = add("stop_this_cpu");
    Registers saved =
        user ? user_registers() : kernel_registers(inner + 0x20, inner_frame - 0x200 + pt_regs_size + 8);
};

}  // namespace

TEST_CASE(
    "an interrupt's entry of 2.6.32 makes a frame of what it saves, in the place of the next register") {
    for (const bool user : {true, false}) {
        CAPTURE(user);
        OldInterrupt code(user);
        const auto trace = code.trace();
        REQUIRE(trace.frames.size() >= 3);
        CHECK(functions(trace)[2] == "reboot_interrupt");
        REQUIRE(trace.frames[2].registers.has_value());
        const Registers& found = trace.registers[*trace.frames[2].registers];
        CHECK(found.ip() == code.saved.ip());
        CHECK(found.fp() == code.interrupted_bp());
        CHECK_FALSE(found.knows(Bx));
        CHECK_FALSE(trace.guessed);
        if (user) {
            CHECK(trace.frames.size() == 3);
            CHECK(trace.end == BacktraceEnd::User);
        } else {
            CHECK(functions(trace) == Names{"stop_this_cpu", "smp_reboot_interrupt", "reboot_interrupt",
                                            "vfs_read", "sys_read", "system_call"});
        }
    }
}

TEST_CASE("registers in such a frame that no interrupt can have put there are none") {
    for (const bool user : {true, false}) {
        CAPTURE(user);
        OldInterrupt code(user);
        if (!user) code.saved.set(Sp, code.saved.sp() - 0x40);
        code.lay(user ? code.room - 0x100 : code.inner_frame - 0x200);
        const auto trace = code.trace();
        CHECK_FALSE((trace.frames.size() > 2 && trace.frames[2].registers.has_value()));
    }
}

TEST_CASE("a function that was interrupted before it had a frame has its caller") {
    SystemCall code;
    code.enter_at(code.room);
    const auto leaf = code.add("memset");
    const std::uint64_t sp = code.inner_frame - 0x20;
    SUBCASE("at its start, or without ever making one") {
        code.image.put<std::uint64_t>(sp, code.call(code.inner, 0x60, leaf));
    }
    SUBCASE("after it has pushed the frame pointer") {
        code.image.put<std::uint64_t>(sp, code.inner_frame);
        code.image.put<std::uint64_t>(sp + 8, code.call(code.inner, 0x60, leaf));
    }
    Registers now = kernel_registers(leaf + 1, sp);
    now.set(Bp, code.inner_frame);
    const auto trace = code.walk(UnwindPosition::from_registers(now), true);
    CHECK(functions(trace) == Names{"memset", "vfs_read", "sys_read", "system_call"});
    CHECK(trace.frames[1].trust == FrameTrust::CallSite);
}

TEST_CASE("a function without a frame that was called by pointer has its caller as well") {
    // sysrq_handle_crash() writes to NULL before it touches the stack.
    SystemCall code;
    code.enter_at(code.room);
    const auto leaf = code.add("sysrq_handle_crash");
    const std::uint64_t sp = code.inner_frame - 0x20;
    code.image.put<std::uint64_t>(sp, code.indirect_call(code.inner, 0x60));
    Registers now = kernel_registers(leaf + 0xd, sp);
    now.set(Bp, code.inner_frame);
    const auto start = UnwindPosition::from_registers(now);
    const auto trace = code.walk(start, true);
    CHECK(functions(trace) == Names{"sysrq_handle_crash", "vfs_read", "sys_read", "system_call"});
    CHECK(trace.frames[1].slot == sp);
    // Once it has put something there, the word at the stack pointer may be anything: its own, or a stale
    // one.
    code.image.put<std::uint32_t>(leaf, 0x30ec8348);  // sub $0x30,%rsp
    CHECK(functions(code.walk(start, true)) == Names{"sysrq_handle_crash", "sys_read", "system_call"});
}

TEST_CASE("a wild pointer was called from where the stack pointer's word leads") {
    SystemCall code;
    code.enter_at(code.room);
    const std::uint64_t sp = code.inner_frame - 0x20;
    code.image.put<std::uint64_t>(sp, code.indirect_call(code.inner, 0x60));
    Registers now = kernel_registers(0, sp);
    now.set(Bp, code.inner_frame);
    const auto trace = code.walk(UnwindPosition::from_registers(now), true);
    CHECK(functions(trace) == Names{"", "vfs_read", "sys_read", "system_call"});
    CHECK_FALSE(trace.guessed);
}

TEST_CASE("an entry that clears the frame pointer and calls by a table ends the walk") {
    // RHEL 7: xor %rbp,%rbp; call *sys_call_table(,%rax,8)
    SystemCall code;
    code.outer_frame = code.room - 16;
    code.image.put<std::uint64_t>(code.entry + 0x40, 0x90'8113'0940'c514'ff);
    code.put_frame(code.inner_frame, code.outer_frame, code.call(code.read, 0x30, code.inner));
    code.put_frame(code.outer_frame, 0, code.entry + 0x47);
    code.put_registers(code.room, user_registers());
    const auto trace = code.walk(code.asleep(), true);
    CHECK(functions(trace) == Names{"vfs_read", "sys_read", "system_call"});
    CHECK(trace.end == BacktraceEnd::User);
    REQUIRE(trace.frames.back().registers);
    CHECK_FALSE(trace.guessed);
}

TEST_CASE("what an entry calls may have no frame, either") {
    // stub_vfork (before 4.2) calls sys_vfork, and neither it nor the entry has a frame.
    SystemCall code;
    const auto stub = code.add("stub_vfork"), vfork = code.add("sys_vfork");
    const std::uint64_t returns_to_entry = code.room - 8;
    code.image.put<std::uint64_t>(returns_to_entry, code.indirect_call(code.entry, 0x40));
    code.put_registers(code.room, user_registers());
    const std::uint64_t frame = returns_to_entry - 16;
    code.put_frame(frame, 0, code.call(stub, 0x40, vfork));
    UnwindPosition start = code.asleep();
    start.ip = code.call(vfork, 0x50, code.sleep);
    start.sp = start.slot = frame - 0x20;
    start.fp = frame;
    const auto trace = code.walk(start, true);
    CHECK(functions(trace) == Names{"sys_vfork", "stub_vfork", "system_call"});
    CHECK(trace.end == BacktraceEnd::User);
    CHECK_FALSE(trace.guessed);
    // Of a kernel thread nothing like that lies there.
    CHECK(functions(code.walk(start)) == Names{"sys_vfork", "stub_vfork"});
}

TEST_CASE("an idle task ends in the code that started its CPU, which calls nothing") {
    // start_cpu pushes the address of its next instruction and jumps; its frame pointer is 0.
    SystemCall code;
    const auto start_cpu = code.add("start_cpu");
    code.put_frame(code.outer_frame, 0, start_cpu + 5);
    const auto trace = code.walk(code.asleep());
    CHECK(functions(trace) == Names{"vfs_read", "sys_read", "start_cpu"});
    CHECK(trace.end == BacktraceEnd::Kernel);
    CHECK_FALSE(trace.guessed);
    // A frame pointer that leads on needs a call.
    code.put_frame(code.outer_frame, code.room - 16, start_cpu + 5);
    CHECK(functions(code.walk(code.asleep())) != Names{"vfs_read", "sys_read", "start_cpu"});
}

TEST_CASE("an idle task's first function has a return address of 0, and nothing behind it") {
    SystemCall code;
    const std::uint64_t first_frame = code.outer_frame + 0x20;
    code.put_frame(code.outer_frame, first_frame, code.call(code.entry, 0x40, code.read));
    auto trace = code.walk(code.asleep());
    CHECK(functions(trace) == Names{"vfs_read", "sys_read", "system_call"});
    CHECK(trace.end == BacktraceEnd::Kernel);
    CHECK_FALSE(trace.guessed);
    // Registers that were made up for the task (copy_thread() of 4.4) lie where those of a program would.
    code.image.put<std::uint64_t>(code.stack.high - 0x10, 1);
    trace = code.walk(code.asleep());
    CHECK(trace.end == BacktraceEnd::Kernel);
    CHECK_FALSE(trace.lost);
    // What lies below them says that the stack was in use there.
    for (const std::uint64_t slot : {first_frame + 8, first_frame + 16, code.room - 8}) {
        code.image.put<std::uint64_t>(slot, 1);
        trace = code.walk(code.asleep());
        CHECK(trace.end == BacktraceEnd::Lost);
        REQUIRE(trace.lost);
        CHECK(trace.lost->message == "the frame pointer leads to no frame");
        code.image.put<std::uint64_t>(slot, 0);
    }
}

TEST_CASE(
    "a stack that begins where a program's registers would lie has nothing at all behind its first frame") {
    SystemCall code;
    code.put_frame(code.outer_frame, code.room + 0x20, code.call(code.entry, 0x40, code.read));
    CHECK(code.walk(code.asleep()).end == BacktraceEnd::Kernel);
    code.image.put<std::uint64_t>(code.stack.high - 0x10, 1);
    CHECK(code.walk(code.asleep()).end == BacktraceEnd::Lost);
}

TEST_CASE("from a return address alone the frame pointer is found again by the next call") {
    SystemCall code;
    code.enter_at(code.room);
    Registers user = user_registers();
    user.set(Bp, SystemCall::user_bp);
    code.put_registers(code.room, user);
    UnwindPosition start = code.asleep();
    start.fp.reset();
    const auto trace = code.walk(start, true);
    CHECK(functions(trace) == Names{"vfs_read", "sys_read", "system_call"});
    CHECK(trace.end == BacktraceEnd::User);
}

TEST_CASE("a kernel with tables ends where the room for a program's registers begins") {
    // A table that covers the functions but not ret_from_fork.
    FakeCode code;
    const auto stack = code.add_stack(StackKind::Task);
    const auto fork = code.function("ret_from_fork", fail(ErrorCode::NotFound, "no entry"));
    const auto thread = code.function("kthread", by_sp(0x20));
    const std::uint64_t room = stack.high - pt_regs_size;
    code.image.put<std::uint64_t>(room - 8, code.indirect_call(fork, 0x10));
    const auto start = UnwindPosition::from_registers(kernel_registers(thread + 8, room - 0x20));
    const auto trace = code.walk(start);
    CHECK(functions(trace) == Names{"kthread", "ret_from_fork"});
    CHECK(trace.end == BacktraceEnd::Kernel);
    // Of a program's task that is no end, unless its registers are there.
    CHECK(code.walk(start, true).end == BacktraceEnd::Lost);
    code.put_registers(room, user_registers());
    CHECK(code.walk(start, true).end == BacktraceEnd::User);
}

}  // namespace frame_links_test
