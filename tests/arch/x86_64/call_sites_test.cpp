// What tells a return address on x86: the calls in all their addressing modes, and functions that have not
// touched the stack.
#include "arch/x86/call_sites.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

namespace x86_call_sites_test {

using namespace postmortem;

namespace {

using Code = std::vector<unsigned>;

std::vector<std::byte> bytes(const Code& code) {
    std::vector<std::byte> out;
    for (const unsigned byte : code) out.push_back(static_cast<std::byte>(byte));
    return out;
}

// As many bytes as are looked at, the instruction at their end.
bool ends_in_call(const Code& instruction) {
    std::vector<std::byte> before(x86::call_sites.longest, std::byte{0x90});
    const auto code = bytes(instruction);
    std::copy(code.begin(), code.end(), before.end() - static_cast<std::ptrdiff_t>(code.size()));
    return x86::call_sites.ends_in_call(before, Endian::Little);
}

bool has_frame(const Code& code) {
    return x86::has_frame(bytes(code), Endian::Little);
}

}  // namespace

TEST_CASE("calls by every addressing mode") {
    const Code calls[] = {
        {0xe8, 1, 2, 3, 4},                      // call func
        {0xff, 0xd0},                            // call *%rax
        {0x41, 0xff, 0xd3},                      // call *%r11
        {0xff, 0x10},                            // call *(%rax)
        {0xff, 0x14, 0x24},                      // call *(%rsp)
        {0xff, 0x14, 0xc1},                      // call *(%rcx,%rax,8)
        {0xff, 0x15, 1, 2, 3, 4},                // call *pv_ops(%rip)
        {0xff, 0x50, 0x18},                      // call *0x18(%rax)
        {0xff, 0x54, 0x24, 0x10},                // call *0x10(%rsp)
        {0xff, 0x90, 1, 2, 3, 4},                // call *0x4030201(%rax)
        {0xff, 0x94, 0x24, 1, 2, 3, 4},          // call *0x4030201(%rsp)
        {0xff, 0x14, 0xc5, 0x40, 9, 0x13, 1},    // call *sys_call_table(,%rax,8)
        {0xff, 0x14, 0x85, 0x40, 9, 0x13, 1},    // call *sys_call_table(,%eax,4)
        {0xff, 0x14, 0x25, 0x10, 0x5d, 0x46, 1}  // call *pv_cpu_ops
    };
    for (const Code& call : calls) {
        CAPTURE(call.size());
        CAPTURE(call[1]);
        CHECK(ends_in_call(call));
    }
    const Code others[] = {
        {0xff, 0x24, 0xc5, 1, 2, 3, 4},  // jmp *table(,%rax,8)
        {0xff, 0xe0},                    // jmp *%rax
        {0xff, 0x14, 0xc1, 1, 2, 3, 4},  // a shorter call, and something behind it
        {0xff, 0x14, 0xc5},              // cut off
        {0xe9, 1, 2, 3, 4},              // jmp func
        {0x90, 0x90, 0x90},
    };
    for (const Code& other : others) {
        CAPTURE(other.size());
        CHECK_FALSE(ends_in_call(other));
    }
}

TEST_CASE("a function has a frame once anything of it lies on the stack") {
    // sysrq_handle_crash(): movl $1,panic_on_oops; sfence; movb $1,0
    CHECK_FALSE(has_frame({0xc7, 0x05, 0x2a, 0, 0x32, 0, 1, 0, 0, 0, 0x0f, 0xae, 0xf8}));
    CHECK_FALSE(has_frame({}));
    for (const Code& entry : {Code{}, Code{0xf3, 0x0f, 0x1e, 0xfa}, Code{0x0f, 0x1f, 0x44, 0, 0},
                              Code{0xe8, 1, 2, 3, 4}, Code{0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x1f, 0x44, 0, 0}}) {
        CAPTURE(entry.size());
        const auto begins = [&](const Code& more) {
            Code all = entry;
            all.insert(all.end(), more.begin(), more.end());
            return has_frame(all);
        };
        CHECK_FALSE(begins({0x31, 0xc0}));                    // xor %eax,%eax
        CHECK(begins({0x55, 0x48, 0x89, 0xe5}));              // push %rbp; mov %rsp,%rbp
        CHECK(begins({0x53}));                                // push %rbx
        CHECK(begins({0x41, 0x54}));                          // push %r12
        CHECK(begins({0x31, 0xc0, 0x48, 0x83, 0xec, 8}));     // sub $8,%rsp
        CHECK(begins({0x31, 0xc0, 0x55, 0x48, 0x89, 0xe5}));  // a frame that is made late
        CHECK(begins({0x31, 0xc0, 0x55, 0x89, 0xe5}));        // the same on i386
    }
}

}  // namespace x86_call_sites_test
