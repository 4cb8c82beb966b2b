// Function names, frames and titles: the small parts that events are named with.
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "log/events/fault_address.h"
#include "log/events/frame.h"
#include "log/events/function_name.h"
#include "log/events/registers.h"
#include "log/events/title.h"
#include "log/match/name_set.h"

namespace names_test {

using namespace postmortem;

namespace {

std::string shown(const std::optional<LogFrame>& frame) {
    if (!frame) return "none";
    return frame->symbol + (frame->module.empty() ? "" : "@" + frame->module) + (frame->reliable ? "" : "?");
}

/// Where a letter lies, which is not the first, as a name refers to it.
std::string base62(std::size_t place) {
    constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string text = "_";
    std::size_t rest = place - 1;
    do text.insert(text.begin(), digits[rest % 62]);
    while ((rest /= 62) != 0);
    return text;
}

}  // namespace

TEST_CASE("symbols lose what compilers and ABIs added") {
    CHECK(without_compiler_suffix("foo.isra.0.cold") == "foo");
    CHECK(without_compiler_suffix(".ipr_probe") == "ipr_probe");
    CHECK(without_syscall_prefix("__x64_sys_ioctl") == "sys_ioctl");
    CHECK(without_syscall_prefix("SyS_pause") == "pause");
    CHECK(without_syscall_prefix("__do_sys_clone") == "clone");
    CHECK(without_syscall_prefix("do_exit") == "do_exit");
}

TEST_CASE("Rust's and C++'s names are paths again") {
    CHECK(demangled("_RNvNtCs9jEwPDbx20M_4core9panicking9panic_fmt") == "core::panicking::panic_fmt");
    CHECK(demangled("_RNvCscSpY9Juk0HT_7___rustc17rust_begin_unwind") == "__rustc::rust_begin_unwind");
    CHECK(demangled("_RNvXs1_CscPPBqWtAqum_11ashmem_rustNtB5_6AshmemNtNtCs43vyB533jt3_"
                    "6kernel10miscdevice10MiscDevice4mmap") ==
          "<ashmem_rust::Ashmem as kernel::miscdevice::MiscDevice>::mmap");
    CHECK(demangled("_RINvCs1_4main3fooNtB2_3BarE") == "main::foo::<main::Bar>");
    CHECK(demangled("_Z8fakeNameiii") == "fakeName");
    for (const std::string_view broken :
         {"_R", "_RNv", "_RNvC", "_RB_", "_RNvB9_3foo", "_RNvC99999999999999999999x", "_Z"}) {
        CHECK(demangled(broken) == broken);
    }
    CHECK(demangled("_RNv" + std::string(500, 'N')).size() == 504);
}

TEST_CASE(
    "what rustc compiles has the names that binutils gives it, without hashes and the types of constants") {
    const std::pair<std::string_view, std::string_view> names[] = {
        {"_RINvCs4Q2Qx8jI5j6_1a2cgKj1234_Kb0_Kl7_Kce9_EB2_", "a::cg::<4660, false, 7, '\\u{e9}'>"},
        {"_RINvCs4Q2Qx8jI5j6_1a2cgKj3_Kb1_Kln5_Kc78_EB2_", "a::cg::<3, true, -5, 'x'>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genAhj7_EB2_", "a::gen::<[u8; 7]>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genFG0_RL1_hRL0_tEuEB2_", "a::gen::<for<'a, 'b> fn(&'a u8, &'b u16)>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genFKChEuEB2_", "a::gen::<extern \"C\" fn(u8)>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genFUEuEB2_", "a::gen::<unsafe fn()>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genFmEmEB2_", "a::gen::<fn(u32) -> u32>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genINtB2_3BarIBn_yEEEB2_", "a::gen::<a::Bar<a::Bar<u64>>>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genINtNtCslNYArtu3iFV_5alloc5boxed3BoxDINtNtNtCsgEmfK2I1SDS_"
         "4core3ops8function5FnMutThEEp6OutputhEL_EEB2_",
         "a::gen::<alloc::boxed::Box<dyn core::ops::function::FnMut<(u8,), Output = u8>>>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genINtNtCslNYArtu3iFV_5alloc5boxed3BoxDNtNtNtNtCsgEmfK2I1SDS_"
         "4core4iter6traits8iterator8Iteratorp4ItemhEL_EEB2_",
         "a::gen::<alloc::boxed::Box<dyn core::iter::traits::iterator::Iterator<Item = u8>>>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genOeEB2_", "a::gen::<*mut str>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genPnEB2_", "a::gen::<*const i128>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genQStEB2_", "a::gen::<&mut [u16]>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genRDNtB2_2TrNtNtCsgEmfK2I1SDS_4core6marker4SendEL_EB2_",
         "a::gen::<&dyn a::Tr + core::marker::Send>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genThEEB2_", "a::gen::<(u8,)>"},
        {"_RINvCs4Q2Qx8jI5j6_1a3genThsEEB2_", "a::gen::<(u8, i16)>"},
        {"_RNCNvXCs4Q2Qx8jI5j6_1aINtB4_3BarhENtB4_2Tr2gos0_0B4_", "<a::Bar<u8> as a::Tr>::go::{closure#2}"},
        {"_RNCNvXCs4Q2Qx8jI5j6_1aINtB4_3BarhENtB4_2Tr2gos_0B4_", "<a::Bar<u8> as a::Tr>::go::{closure#1}"},
        {"_RNSNvYNCNvCs4Q2Qx8jI5j6_1a3all0INtNtNtCsgEmfK2I1SDS_4core3ops8function6FnOnceThEE9call_"
         "once6vtableB8_",
         "<a::all::{closure#0} as core::ops::function::FnOnce<(u8,)>>::call_once::{shim:vtable#0}"},
        {"_RNvMs_Cs4Q2Qx8jI5j6_1aINtB4_3BarxE8inherent", "<a::Bar<i64>>::inherent"},
    };
    for (const auto& [mangled, name] : names) CHECK(demangled(mangled) == name);
    CHECK(demangled("_RINvC1a1fRDNtB4_1TEL0_E") == "_RINvC1a1fRDNtB4_1TEL0_E");  // a lifetime of no binder
    CHECK(demangled("_RINvC1a1fFG_RL0_hEuE") == "a::f::<for<'a> fn(&'a u8)>");
    CHECK(demangled("_RINvC1a1fFG_RL0_hERL0_tE") == "a::f::<for<'a> fn(&'a u8) -> &'a u16>");
    CHECK(demangled("_RINvC1a1fDG_INtC1b1TL0_EEL_E") == "a::f::<dyn for<'a> b::T<'a>>");
    CHECK(demangled("_RINvC1a1fKoffffffffffffffffff_E") == "a::f::<0xffffffffffffffffff>");
    CHECK(demangled("_RINvC1a1fKc27_E") == "a::f::<'\\u{27}'>");
    CHECK(demangled("_RINvC1a1fpKp_E") == "_RINvC1a1fpKp_E");
}

TEST_CASE("Rust names that grow without end are left as they are, in no time") {
    for (const std::string_view constant : {"Kb1_", "Kj1_", "Kan1_"}) {
        const std::string endless = "_RIC1100" + std::string(1100, 'a') + std::string(constant) + "E";
        CHECK(demangled(endless) == endless);
    }
    // Each refers twice to the one before it: 2 to the power of 40 types, of which none is printed.
    std::string doubling = "NvXIC1a";
    std::size_t before = doubling.size();
    doubling += "TuuE";
    for (int i = 0; i < 40; ++i) {
        const std::string back = "B" + base62(before);
        before = doubling.size();
        doubling += "T" + back + back + "E";
    }
    const std::string endless = "_R" + doubling + "EuC1b1f";
    CHECK(demangled(endless) == endless);
    CHECK(demangled("_RNvXIC1aTuuEEuC1b1f") == "<() as b>::f");
}

TEST_CASE("sets of names") {
    const NameSet names = {"kasan", "^down$", "readb$", "^crc#", "once_*nocheck"};
    CHECK(names.matches("__kasan_report"));
    CHECK(names.matches("down"));
    CHECK_FALSE(names.matches("down_read"));
    CHECK(names.matches("x_readb"));
    CHECK_FALSE(names.matches("readb_x"));
    CHECK(names.matches("crc32_le"));
    CHECK_FALSE(names.matches("crc_itu_t"));
    CHECK(names.matches("read_once_word_nocheck"));
    CHECK_FALSE(names.matches("nocheck_once_"));
}

TEST_CASE("frames of all shapes") {
    CHECK(shown(parse_frame(" kmem_cache_alloc+0x2d/0x30")) == "kmem_cache_alloc");
    CHECK(shown(parse_frame(" [<ffffffff814bc0c2>] ? system_call_fastpath+0x16/0x1b")) ==
          "system_call_fastpath?");
    CHECK(shown(parse_frame(" ? nf_hook.constprop.0+0x30/0x60 [nf_tables]")) ==
          "nf_hook.constprop.0@nf_tables?");
    CHECK(shown(parse_frame(" foo+0x1/0x2 [mod 0123456789abcdef0123456789abcdef01234567]")) == "foo@mod");
    CHECK(shown(parse_frame(" <IRQ>  [<ffffffff81093454>] lockdep_rcu_dereference+0xa4/0xc0")) ==
          "lockdep_rcu_dereference");
    CHECK(shown(parse_frame("[<c0014318>] (unwind_backtrace) from [<c001457c>] (show_stack+0x24/0x2c)")) ==
          "unwind_backtrace");
    CHECK(shown(parse_frame(" unwind_backtrace from show_stack+0x18/0x1c")) == "unwind_backtrace");
    CHECK(
        shown(parse_frame("[c00000007a01f2b0] [d0000000008cb4dc] .ipr_reset+0x1c/0x50 [ipr] (unreliable)")) ==
        "ipr_reset@ipr?");
    CHECK(shown(parse_frame(" [<00000000001234ab>] __schedule+0x2d8/0x7b0 ")) == "__schedule");
    CHECK(shown(parse_frame(" vfs_read+0x9d/0x190 fs/read_write.c:470 [inline]")) == "vfs_read");
    CHECK(shown(parse_frame("RAX: 0000000000000000")) == "none");
    CHECK(shown(parse_frame("")) == "none");
    const auto frame = parse_frame(" foo.part.0+0x10/0x2f0 [m]");
    REQUIRE(frame);
    CHECK(frame->function == "foo");
    CHECK(frame->offset == 0x10);
    CHECK(frame->size == 0x2f0);
}

TEST_CASE("alpha says where it is in small letters") {
    CHECK(parse_instruction_pointer("pc is at tulip_probe+0x34/0x200")->function == "tulip_probe");
    CHECK(parse_caller("ra is at pci_probe+0x1/0x2")->function == "pci_probe");
}

TEST_CASE("arm's frames: the module is that of the function, not of whom it returns to") {
    const auto own = parse_frame("[<7f123a40>] (widget_poll [widget]) from [<80037a40>] (work+0x60/0xb8)");
    REQUIRE(own);
    CHECK(own->function == "widget_poll");
    CHECK(own->module == "widget");
    const auto newer = parse_frame(" widget_poll [widget] from widget_work+0x60/0xb8 [widget]");
    REQUIRE(newer);
    CHECK(newer->module == "widget");
    const auto callers =
        parse_frame("[<80037a40>] (mutex_lock) from [<7f123a40>] (widget+0x60/0xb8 [widget])");
    REQUIRE(callers);
    CHECK(callers->module.empty());
}

TEST_CASE("instruction pointers of all architectures") {
    for (const std::string_view line :
         {"RIP: 0010:f+0x8/0x10 [m]", "RIP: 0010:[<ffffffff8144d081>]  [<ffffffff8144d081>] f+0x8/0x10 [m]",
          "IP: [<f83f9f24>] f+0x8/0x10 [m]", "EIP is at f+0x8/0x10 [m]", "EIP: f+0x8/0x10 [m]",
          "PC is at f+0x8/0x10 [m]", "pc : f+0x8/0x10 [m]", "NIP [d0000000008cb4dc] .f+0x8/0x10 [m]",
          "epc : f+0x8/0x10 [m]", "epc   : 80101234 f+0x8/0x10 [m]",
          "Krnl PSW : 0704c00180000000 000003ff80001234 (f+0x8/0x10 [m])"}) {
        CAPTURE(line);
        CHECK(shown(parse_instruction_pointer(line)) == "f@m");
    }
    CHECK(shown(parse_instruction_pointer("RIP: 0033:0x7fad92c3c370")) == "none");
    CHECK(shown(parse_instruction_pointer("TIP: f+0x8/0x10")) == "none");
}

TEST_CASE("register dumps") {
    const auto read = [](const std::vector<std::string_view>& lines) {
        RegisterReader reader;
        std::vector<LogRegister> registers;
        for (const std::string_view line : lines) reader.read(line, registers);
        return registers;
    };
    auto registers =
        read({"RSP: 0018:ffffc900015e73f0 EFLAGS: 00010246", "RAX: 000000000000008c RBX: 1ffff920002bce80",
              "FS:  0000000000000000(0000) GS:ffff8801db200000(0063) knlGS:00000000f7ec6b40",
              "RAX: ffffffffffffffda RBX: 0000000000000000"});
    REQUIRE(registers.size() == 7);
    CHECK(registers[0].name == "RSP");
    CHECK(registers[0].value == 0xffffc900015e73f0);
    CHECK(registers[2].value == 0x8c);
    registers = read({"x29: ffff800083b57a10 x28: ffff0000c1f19e40 x27: 0000000000000001"});
    CHECK(registers.size() == 3);
    registers = read({"r10: 00000000  r9 : fa213000  r8 : fa212000",
                      "pc : [<c03017f4>]    lr : [<c03017c0>]    psr: 20010193"});
    CHECK(registers.size() == 6);
    registers = read({"GPR00: c00000000045e6c4 c0000000f5a27950 c000000001553a00"});
    REQUIRE(registers.size() == 3);
    CHECK(registers[2].name == "r2");
    registers = read({"Krnl GPRS: 0000000000000000 0000000000000001 0000000000000002 0000000000000003",
                      "           0000000000000004 0000000000000005 0000000000000006 0000000000000007"});
    REQUIRE(registers.size() == 8);
    CHECK(registers[5].name == "r5");
}

TEST_CASE("what an address looks like") {
    CHECK(kind_of_address(0) == AddressKind::Null);
    CHECK(kind_of_address(0x28) == AddressKind::NullOffset);
    CHECK(kind_of_address(0xfffffffffffffff4) == AddressKind::ErrorPointer);
    CHECK(kind_of_address(0x6b6b6b6b6b6b6b7b) == AddressKind::FreedPoison);
    CHECK(kind_of_address(0x6b6b6bbb) == AddressKind::FreedPoison);
    CHECK(kind_of_address(0x5a5a5a5a5a5a5a5a) == AddressKind::UnusedPoison);
    CHECK(kind_of_address(0xdead000000000108) == AddressKind::ListPoison);
    CHECK(kind_of_address(0x00007f1234567890) == AddressKind::User);
    CHECK(kind_of_address(0xffff888004563000) == AddressKind::Kernel);
    CHECK(kind_of_address(0xc000000001553a00) == AddressKind::Kernel);
    CHECK(kind_of_address(0x1ffff920002bce80) == AddressKind::NonCanonical);
}

TEST_CASE("titles are the same on every run") {
    CHECK(stable_title("BUG: at ffff88801db20000 in f") == "BUG: at ADDR in f");
    CHECK(stable_title("x 0xdeadbeef01 y") == "x ADDR y");
    CHECK(stable_title("PID: 1234 x") == stable_title("PID: 4194303 x"));
    CHECK(stable_title("at 00000028 x") == "at ADDR x");
    CHECK(without_modules("data-race in f [foo] / g [foo]") == "data-race in f / g");
    CHECK(without_modules("an [open bracket, [ and [] stay") == "an [open bracket, [ and [] stay");
    CHECK(stable_title("panic at mm/slub.c:123:4") == "panic at mm/slub.c:LINE");
    CHECK(stable_title("from 10.0.0.1 port 22") == "from IP port NUM");
    CHECK(stable_title("in ip6_fragment+0x1052/0x2d80") == "in ip6_fragment");
    CHECK(stable_title("lockup - CPU#3 stuck") == "lockup - CPU stuck");
    CHECK(stable_title("task syz-executor.3:1234 hung") == "task syz-executor hung");
    CHECK(stable_title("in cfg80211_scan") == "in cfg80211_scan");
    CHECK(stable_title("a \x1b[1m  b\t c") == "a [1m b c");
    CHECK(stable_title(std::string(500, 'x')).size() == 120);
    const std::string captures[] = {"use-after-free", "Read"};
    const std::string frames[] = {"f", "g"};
    CHECK(fill_title("KASAN: {1} {2} in {frame}, {frame2}", captures, frames) ==
          "KASAN: use-after-free Read in f, g");
    CHECK(fill_title("in {frame}", {}, {}) == "in corrupted");
}

}  // namespace names_test
