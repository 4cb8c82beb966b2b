// What s390x instructions tell: calls of every kind, their targets, and whether a function has its frame. The
// encodings are those of the assembler.
#include "arch/s390x/code.h"

#include <vector>

#include <doctest/doctest.h>

#include "arch/s390x/disassembler.h"

namespace s390x_code_test {

using namespace postmortem;

namespace {

using Code = std::vector<unsigned>;

const Code brasl = {0xc0, 0xe5, 0x00, 0x00, 0x00, 0x10}, brasl_r0 = {0xc0, 0x05, 0x00, 0x00, 0x00, 0x10},
           bras = {0xa7, 0xe5, 0xff, 0xf8}, basr = {0x0d, 0xe1}, br_r14 = {0x07, 0xfe},
           jg = {0xc0, 0xf4, 0x00, 0x00, 0x00, 0x20}, brcl = {0xc0, 0x84, 0x00, 0x00, 0x00, 0x20},
           stmg = {0xeb, 0x6f, 0xf0, 0x48, 0x00, 0x24}, lmg = {0xeb, 0x6f, 0xf0, 0xf0, 0x00, 0x04},
           lmg_part = {0xeb, 0x6c, 0xf0, 0xf0, 0x00, 0x04}, lay = {0xe3, 0xf0, 0xff, 0x58, 0xff, 0x71},
           lay_up = {0xe3, 0xf0, 0xf0, 0xa8, 0x00, 0x71}, aghi = {0xa7, 0xfb, 0xff, 0x58},
           aghi_up = {0xa7, 0xfb, 0x00, 0xa8};

std::vector<std::byte> code(std::initializer_list<Code> parts) {
    std::vector<std::byte> bytes;
    for (const Code& part : parts)
        for (const unsigned one : part) bytes.push_back(static_cast<std::byte>(one));
    return bytes;
}

bool framed(std::initializer_list<Code> parts) {
    return s390x::has_frame(code(parts), Endian::Big);
}

}  // namespace

TEST_CASE("calls, and what is none") {
    const auto is_call = [](std::initializer_list<Code> parts) {
        return s390x::call_sites.ends_in_call(code(parts), Endian::Big);
    };
    CHECK(is_call({brasl}));
    CHECK(is_call({basr, bras}));
    CHECK(is_call({bras, basr}));
    CHECK_FALSE(is_call({brasl_r0}));  // a tracer's, which leaves the return address elsewhere
    CHECK_FALSE(is_call({jg}));
    CHECK_FALSE(is_call({lay}));
    CHECK_FALSE(is_call({aghi, br_r14}));
}

TEST_CASE("the target of a call, and what a function reaches") {
    const auto target = [](std::initializer_list<Code> parts) {
        return s390x::call_sites.direct_target(code(parts), Endian::Big, 0x10006);
    };
    CHECK(target({brasl}) == 0x10020);
    CHECK(target({basr, bras}) == 0x10002 - 16);
    CHECK(target({bras, basr}) == std::nullopt);
    CHECK(target({jg}) == std::nullopt);
    const auto reaches = [](std::initializer_list<Code> parts, std::uint64_t wanted) {
        return s390x::call_sites.reaches(code(parts), Endian::Big, 0x10000, wanted);
    };
    CHECK(reaches({lay, brasl}, 0x10026));
    CHECK(reaches({basr, jg}, 0x10042));
    CHECK(reaches({brcl}, 0x10040));
    CHECK_FALSE(reaches({lay, brasl}, 0x10020));
    CHECK_FALSE(reaches({basr, br_r14}, 0x10000));
}

TEST_CASE("a function has its frame from where it takes the stack pointer down until it returns") {
    CHECK_FALSE(framed({stmg}));
    CHECK(framed({stmg, lay}));
    CHECK(framed({stmg, aghi, brasl}));
    CHECK_FALSE(framed({stmg, lay, lmg}));
    CHECK_FALSE(framed({stmg, aghi, aghi_up}));
    CHECK(framed({stmg, lay, lmg, br_r14}));
    CHECK(framed({stmg, lay, lmg, jg, brasl}));
    CHECK(framed({stmg, lay, lmg_part}));
    CHECK_FALSE(framed({stmg, lay_up}));
    CHECK_FALSE(framed({}));
}

TEST_CASE("instructions in words") {
    const auto disassembler = s390x::make_disassembler();
    REQUIRE(disassembler);
    const auto decoded = disassembler->decode(code({brasl}), 0x10000);
    CHECK(decoded.size == 6);
    CHECK(decoded.text == "brasl\t%r14,");
    CHECK(decoded.target == 0x10020);
    CHECK(disassembler->decode(code({stmg}), 0).text == "stmg\t%r6,%r15,72(%r15)");
    CHECK(disassembler->decode(code({br_r14}), 0).role == CodeRole::Return);
    CHECK(disassembler->decode(code({br_r14}), 0).size == 2);
    CHECK(disassembler->decode(code({{0xc0, 0xe5, 0x00}}), 0).size == 0);
    const auto none = disassembler->decode(code({{0x00, 0x01}}), 0);
    CHECK(none.size == 2);
    CHECK(none.text == ".short\t0x0001");
}

}  // namespace s390x_code_test
