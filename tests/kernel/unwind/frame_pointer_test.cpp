// Kernels without unwind tables are walked by frame pointers: the same stacks with words of four bytes and of
// eight, up to the registers of the program or the first function of a kernel thread.
#include <map>

#include <doctest/doctest.h>

#include "arch/i386/i386.h"
#include "arch/i386/registers.h"
#include "arch/x86_64/registers.h"
#include "arch/x86_64/x86_64.h"
#include "kernel/unwind/frame_walker.h"
#include "support/fake_code.h"
#include "support/memory_image.h"

namespace frame_pointer_test {

using namespace postmortem;
using postmortem::test::functions;

namespace {

struct Width {
    const Arch& arch;
    std::uint64_t text, stack;
    std::uint64_t cs_user, cs_kernel;
    std::uint8_t cs;
};

const Width widths[] = {{x86_64::arch, 0xffffffff81000000, 0xffffc90000000000, 0x33, 0x10, x86_64::Cs},
                        {i386::arch, 0xc1000000, 0xc4000000, 0x73, 0x20000060, i386::Cs}};

constexpr std::uint64_t function_size = 0x100, stack_size = 0x2000;

// Functions of 256 bytes in a row, one stack, no tables.
class Tableless final : public CodeSource {
  public:
    explicit Tableless(const Width& width)
        : width_(width), word_(width.arch.word_size), stack{width.stack, width.stack + stack_size} {
        image.map(width.text, 0x10000);
        image.map(stack.low, stack_size);
    }

    CodePlace look_up(std::uint64_t ip) const override {
        CodePlace place;
        place.orc = fail(ErrorCode::NotFound, "no tables", ip);
        if (!may_be_text(ip)) return place;
        const std::size_t index = (ip - width_.text) / function_size;
        place.is_text = true;
        place.function = names_[index];
        place.start = width_.text + index * function_size;
        place.is_init = place.start == init_;
        place.size = function_size;
        return place;
    }
    bool may_be_text(std::uint64_t address) const override {
        return address >= width_.text && address < width_.text + names_.size() * function_size;
    }
    bool has_tables() const override { return false; }

    std::uint64_t function(const std::string& name) {
        names_.push_back(name);
        return width_.text + (names_.size() - 1) * function_size;
    }
    /// The address behind a call through a register in the middle of `caller`.
    std::uint64_t call_in(std::uint64_t caller) {
        image.put<std::uint8_t>(caller + 0x40, 0xff);
        image.put<std::uint8_t>(caller + 0x41, 0xd0);
        return caller + 0x42;
    }
    /// The address behind a call in a function of which nothing is left.
    std::uint64_t call_in_freed(std::uint64_t caller) {
        init_ = caller;
        return caller + 0x42;
    }
    void put(std::uint64_t address, std::uint64_t value) {
        if (word_ == 8) return image.put<std::uint64_t>(address, value);
        image.put<std::uint32_t>(address, static_cast<std::uint32_t>(value));
    }
    /// A frame at `fp`: the caller's frame pointer and a return address.
    void frame(std::uint64_t fp, std::uint64_t caller_fp, std::uint64_t return_address) {
        put(fp, caller_fp);
        put(fp + word_, return_address);
    }
    Registers registers(std::uint64_t ip, std::uint64_t sp, std::uint64_t fp, bool user) const {
        const RegisterFile& file = *width_.arch.registers;
        Registers all(file);
        for (std::size_t i = 0; i < file.names.size(); ++i)
            all.set(i, file.names[i].ends_with("FLAGS") ? 0x246 : 0);
        all.set(file.ip, ip);
        all.set(file.sp, sp);
        all.set(file.fp, fp);
        all.set(width_.cs, user ? width_.cs_user : width_.cs_kernel);
        return all;
    }
    void put_registers(std::uint64_t address, const Registers& all) {
        for (std::size_t i = 0; i < all.file->names.size(); ++i) put(address + i * word_, all[i]);
    }
    /// What an entry makes of the address of the registers that it saved.
    std::uint64_t marked(std::uint64_t registers) const {
        return registers ^ width_.arch.code.frame_pointers.mark_bits;
    }
    RawBacktrace walk(const UnwindPosition& start) {
        map_ = std::make_unique<CodeMap>(width_.arch, image.space(), *this);
        FrameWalker walker(*map_);
        RawBacktrace out;
        walker.walk(start, {&stack, 1}, true, out);
        return out;
    }
    std::uint64_t word() const { return word_; }
    std::uint64_t top_registers() const { return stack.high - width_.arch.frames.size; }

    test::MemoryImage image;

  private:
    const Width& width_;
    std::uint64_t word_, init_ = 0;
    std::vector<std::string> names_;
    std::unique_ptr<CodeMap> map_;

  public:
    StackRange stack;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("frame pointers lead through a deep stack, and no step of it is a guess") {
    for (const Width& width : widths) {
        CAPTURE(width.arch.name);
        Tableless code(width);
        const auto leaf = code.function("leaf"), body = code.function("body"), entry = code.function("entry");
        constexpr unsigned depth = 100;  // more frames than a walk may guess
        std::uint64_t fp = code.stack.low + 0x100;
        const std::uint64_t first = fp;
        for (unsigned i = 0; i < depth; ++i, fp += 0x20) code.frame(fp, fp + 0x20, code.call_in(body));
        // The outermost function: its caller is the entry, whose registers of the program end the stack.
        const std::uint64_t last = code.top_registers() - 2 * code.word();
        code.frame(fp, last, code.call_in(body));
        code.frame(last, 0x1234, code.call_in(entry));
        code.put_registers(code.top_registers(), code.registers(0x401000, 0x7fff000, 0x1234, true));
        const auto trace = code.walk(
            UnwindPosition::from_registers(code.registers(leaf + 8, code.stack.low + 0x80, first, false)));
        REQUIRE(trace.frames.size() == depth + 3);
        CHECK(trace.frames[1].trust == FrameTrust::FramePointer);
        CHECK(trace.frames.back().place->function == "entry");
        CHECK(trace.end == BacktraceEnd::User);
        REQUIRE(trace.frames.back().registers);
        CHECK(trace.registers.at(*trace.frames.back().registers).ip() == 0x401000);
    }
}

TEST_CASE(
    "an entry that saved only some registers has the frame of what it called in the room of the others") {
    for (const Width& width : widths) {
        Tableless code(width);
        if (code.word() != 8) continue;
        const auto leaf = code.function("leaf"), body = code.function("body"), entry = code.function("entry");
        const std::size_t fp_index = width.arch.registers->fp;
        const std::uint64_t inner = code.stack.low + 0x100,
                            last = code.top_registers() + fp_index * code.word();
        code.put_registers(code.top_registers(), code.registers(0x401000, 0x7fff000, 0x1234, true));
        code.frame(inner, last, code.call_in(body));
        code.frame(last, 0x1234, code.call_in(entry));
        const auto trace = code.walk(
            UnwindPosition::from_registers(code.registers(leaf + 8, code.stack.low + 0x80, inner, false)));
        CHECK(functions(trace) == Names{"leaf", "body", "entry"});
        REQUIRE(trace.frames.back().registers);
        const Registers& saved = trace.registers.at(*trace.frames.back().registers);
        CHECK(trace.end == BacktraceEnd::User);
        CHECK(saved.ip() == 0x401000);
        CHECK_FALSE(saved.knows(fp_index));
        CHECK_FALSE(saved.knows(fp_index + 1));
        CHECK(saved.knows(fp_index + 2));
    }
}

TEST_CASE("a marked frame pointer leads to what was interrupted") {
    for (const Width& width : widths) {
        CAPTURE(width.arch.name);
        Tableless code(width);
        const auto handler = code.function("handler"), entry = code.function("asm_exc"),
                   victim = code.function("victim"), caller = code.function("caller");
        const std::uint64_t regs = code.stack.low + 0x800, inner = regs - 4 * code.word(),
                            outer = regs + 0x200;
        code.frame(inner, code.marked(regs), code.call_in(entry));
        code.put_registers(regs, code.registers(victim + 5, regs + 0x100, outer, false));
        code.frame(outer, 0, code.call_in(caller));
        const auto trace = code.walk(
            UnwindPosition::from_registers(code.registers(handler + 9, inner - 0x40, inner, false)));
        const auto names = functions(trace);
        REQUIRE(names.size() >= 4);
        CHECK(Names(names.begin(), names.begin() + 4) == Names{"handler", "asm_exc", "victim", "caller"});
        CHECK(trace.frames[2].interrupted);
        CHECK(trace.frames[2].slot == regs + 0x100);
        REQUIRE(trace.frames[1].registers);
        CHECK_FALSE(trace.registers.at(*trace.frames[1].registers).user_mode());
    }
}

TEST_CASE("a kernel thread ends where its stack starts, without registers of a program") {
    for (const Width& width : widths) {
        CAPTURE(width.arch.name);
        Tableless code(width);
        const auto leaf = code.function("worker"), kthread = code.function("kthread"),
                   forked = code.function("ret_from_fork");
        const std::uint64_t inner = code.stack.low + 0x400, outer = inner + 0x80;
        code.frame(inner, outer, code.call_in(kthread));
        code.frame(outer, code.marked(code.top_registers()), code.call_in(forked));
        const auto trace =
            code.walk(UnwindPosition::from_registers(code.registers(leaf + 9, inner - 0x40, inner, false)));
        CHECK(functions(trace) == Names{"worker", "kthread", "ret_from_fork"});
        CHECK(trace.end == BacktraceEnd::Kernel);
        CHECK(trace.registers.empty());
    }
}

TEST_CASE("the first idle task returns into functions that were freed once the kernel was up") {
    for (const Width& width : widths) {
        CAPTURE(width.arch.name);
        Tableless code(width);
        const auto idle = code.function("do_idle"), rest = code.function("rest_init"),
                   start = code.function("start_kernel"), head = code.function("startup");
        const std::uint64_t inner = code.stack.low + 0x400, middle = inner + 0x80, outer = middle + 0x80;
        code.frame(inner, middle, code.call_in(rest));
        code.frame(middle, outer, code.call_in_freed(start));
        code.frame(outer, 0, code.call_in(head));
        const auto trace =
            code.walk(UnwindPosition::from_registers(code.registers(idle + 9, inner - 0x40, inner, false)));
        CHECK(functions(trace) == Names{"do_idle", "rest_init", "start_kernel", "startup"});
        CHECK(trace.frames[2].trust == FrameTrust::FramePointer);
    }
}

TEST_CASE("frame pointers that run in a circle or downwards end a walk") {
    for (const Width& width : widths) {
        CAPTURE(width.arch.name);
        Tableless code(width);
        const auto leaf = code.function("leaf");
        const std::uint64_t a = code.stack.low + 0x400, b = a + 0x100;
        code.frame(a, b, code.call_in(leaf));
        code.frame(b, a, code.call_in(leaf));
        const auto trace =
            code.walk(UnwindPosition::from_registers(code.registers(leaf + 9, a - 0x40, a, false)));
        CHECK(trace.end == BacktraceEnd::Lost);
        CHECK(trace.frames.size() < 8);
    }
}

}  // namespace frame_pointer_test
