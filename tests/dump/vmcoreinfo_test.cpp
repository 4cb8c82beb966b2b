#include "dump/vmcoreinfo.h"

#include <utility>

#include <doctest/doctest.h>

namespace vmcoreinfo_test {

using namespace postmortem;

TEST_CASE("VMCOREINFO values are read as their class prints them") {
    const VmcoreInfo info(
        "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff8ff9b60\nKERNELOFFSET=d400000\n"
        "OFFSET(list_head.next)=8\nSIZE(list_head)=16\nLENGTH(free_area.free_list)=5\nNUMBER(phys_base)=-"
        "4096\n"
        "NUMBER(kimage_voffset)=0xffff800000000000\nNUMBER(big)=18446744073709551615\nEMPTY=\nCONFIG_X86_PAE="
        "y\r\n"
        "no equals sign\nLAST=1");
    CHECK(info.string("OSRELEASE") == "6.1.0");
    CHECK(info.decimal("PAGESIZE") == 4096);
    CHECK(info.symbol("init_uts_ns") == 0xffffffff8ff9b60);
    CHECK(info.hex("KERNELOFFSET") == 0xd400000);
    CHECK(info.offset("list_head.next") == 8);
    CHECK(info.size("list_head") == 16);
    CHECK(info.length("free_area.free_list") == 5);
    CHECK(info.number("phys_base") == -4096);
    CHECK(info.number("kimage_voffset") == static_cast<std::int64_t>(0xffff800000000000));
    CHECK(info.number("big") == -1);
    CHECK(info.string("EMPTY") == "");
    CHECK(info.string("CONFIG_X86_PAE") == "y");
    CHECK(info.string("LAST") == "1");
    CHECK_FALSE(info.string("no equals sign"));
    CHECK_FALSE(info.symbol("init_uts"));
    CHECK_FALSE(info.size("init_uts_ns"));
}

TEST_CASE("damaged VMCOREINFO gives no value rather than a wrong one") {
    const VmcoreInfo info(
        "SYMBOL(a)=xyz\nSYMBOL(b)=\nSIZE(c)=12 "
        "\nSIZE(d)=1f\nNUMBER(e)=--1\nSIZE(f)=99999999999999999999\n=5\n");
    CHECK_FALSE(info.symbol("a"));
    CHECK_FALSE(info.symbol("b"));
    CHECK(info.size("c") == 12);
    CHECK_FALSE(info.size("d"));
    CHECK_FALSE(info.number("e"));
    CHECK_FALSE(info.size("f"));
    CHECK(info.string("") == "5");
}

TEST_CASE("the first of two equal keys counts, as in makedumpfile and crash") {
    CHECK(VmcoreInfo("A=1\nB=2\nA=3\n").string("A") == "1");
}

TEST_CASE("VMCOREINFO is bounded and survives being moved") {
    std::string text(VmcoreInfo::max_size, 'x');
    text += "\nLATE=1\n";
    CHECK_FALSE(VmcoreInfo(text).string("LATE"));
    VmcoreInfo first("K=v");
    const VmcoreInfo second = std::move(first);
    CHECK(second.string("K") == "v");
    CHECK(VmcoreInfo().empty());
    CHECK_FALSE(VmcoreInfo("").string("K"));
}

}  // namespace vmcoreinfo_test
