// What riscv64's instructions tell, of two bytes and of four: calls of every kind, their targets, whether a
// function has its frame, and whether the return address lies in it. The encodings are those of the
// assembler.
#include "arch/riscv64/code.h"

#include <vector>

#include <doctest/doctest.h>

namespace riscv64_code_test {

using namespace postmortem;

namespace {

constexpr std::uint32_t jal_next = 0x004000ef, jalr_s4 = 0x000a00e7, auipc_t0 = 0x00000297,
                        auipc_ra = 0x00001097, jalr_ra = 0xff8080e7, j_next = 0x0040006f, ret = 0x00008067,
                        add_sp = 0xfd010113, sd_ra = 0x02113423, sd_s0 = 0x02813023, add_s0 = 0x03010413,
                        ld_ra = 0x02813083, ld_s0 = 0x02013403, nop = 0x00000013;
// Compressed: c.jalr a5, c.jr a5, c.ebreak, c.addi sp, c.sdsp ra, c.sdsp s0, c.addi4spn s0, c.ldsp s0, c.ret,
// c.j +4, c.nop
constexpr std::uint32_t c_jalr_a5 = 0x9782, c_jr_a5 = 0x8782, c_ebreak = 0x9002, c_add_sp = 0x1141,
                        c_sd_ra = 0xe406, c_sd_s0 = 0xe022, c_add_s0 = 0x0800, c_ld_s0 = 0x6402,
                        c_ret = 0x8082, c_j_next = 0xa011, c_nop = 0x0001;

std::vector<std::byte> code(std::initializer_list<std::uint32_t> words) {
    std::vector<std::byte> bytes;
    for (const std::uint32_t word : words)
        for (unsigned i = 0; i < ((word & 3) == 3 ? 4u : 2u); ++i)
            bytes.push_back(static_cast<std::byte>(word >> 8 * i));
    return bytes;
}

bool framed(std::initializer_list<std::uint32_t> words) {
    return riscv64::has_frame(code(words), Endian::Little);
}

bool linked(std::initializer_list<std::uint32_t> words) {
    return riscv64::keeps_link(code(words), Endian::Little);
}

}  // namespace

TEST_CASE("calls, and what is none") {
    const auto is_call = [](std::initializer_list<std::uint32_t> words) {
        return riscv64::call_sites.ends_in_call(code(words), Endian::Little);
    };
    CHECK(is_call({jal_next}));
    CHECK(is_call({jalr_s4}));
    CHECK(is_call({jalr_ra}));
    CHECK(is_call({c_nop, c_jalr_a5}));
    CHECK_FALSE(is_call({j_next}));
    CHECK_FALSE(is_call({ret}));
    CHECK_FALSE(is_call({nop}));
    CHECK_FALSE(is_call({c_nop, c_jr_a5}));
    CHECK_FALSE(is_call({c_nop, c_ebreak}));
    CHECK_FALSE(is_call({c_nop, c_ret}));
}

TEST_CASE("the target of a call: up to 1 MiB away by one instruction, further by two") {
    constexpr std::uint64_t back = 0xffffffff80010000;
    const auto target = [](std::uint32_t first, std::uint32_t second) {
        return riscv64::call_sites.direct_target(code({first, second}), Endian::Little, back);
    };
    CHECK(target(nop, jal_next) == back);
    CHECK(target(nop, 0xffdff0ef) == back - 8);
    CHECK(target(nop, 0x7ffff0ef) == back - 4 + 0xffffe);
    CHECK(target(nop, 0x800000ef) == back - 4 - 0x100000);
    CHECK(target(auipc_ra, jalr_ra) == back - 8 + 0x1000 - 8);
    CHECK(target(0x80000097, jalr_ra) == back - 8 - 0x80000000 - 8);
    CHECK(target(auipc_t0, jalr_ra) == std::nullopt);
    CHECK(target(nop, jalr_s4) == std::nullopt);
    CHECK(target(nop, j_next) == std::nullopt);
}

TEST_CASE("a function reaches another one by a call or a jump, short or far") {
    constexpr std::uint64_t start = 0xffffffff80010000;
    for (const std::uint32_t word : {jal_next, j_next}) {
        const auto bytes = code({c_nop, word, ret});
        CHECK(riscv64::call_sites.reaches(bytes, Endian::Little, start, start + 6));
        CHECK_FALSE(riscv64::call_sites.reaches(bytes, Endian::Little, start, start + 4));
    }
    CHECK(riscv64::call_sites.reaches(code({c_nop, c_j_next, c_ret}), Endian::Little, start, start + 6));
    CHECK(riscv64::call_sites.reaches(code({c_nop, auipc_ra, jalr_ra}), Endian::Little, start,
                                      start + 2 + 0x1000 - 8));
    CHECK_FALSE(riscv64::call_sites.reaches(code({c_nop, auipc_ra, nop, jalr_ra}), Endian::Little, start,
                                            start + 2 + 0x1000 - 8));
    // Cut off within an instruction
    auto cut = code({c_nop, jal_next});
    cut.resize(4);
    CHECK_FALSE(riscv64::call_sites.reaches(cut, Endian::Little, start, start + 6));
}

TEST_CASE("a frame exists from its making to its end, and again behind the return") {
    CHECK_FALSE(framed({}));
    CHECK_FALSE(framed({nop, c_nop}));
    CHECK_FALSE(framed({add_sp, sd_ra, sd_s0}));
    CHECK(framed({add_sp, sd_ra, sd_s0, add_s0}));
    CHECK(framed({c_add_sp, c_sd_ra, c_sd_s0, c_add_s0}));
    CHECK(framed({c_add_sp, c_sd_ra, c_sd_s0, c_add_s0, jal_next, ld_ra}));
    CHECK_FALSE(framed({add_sp, sd_ra, sd_s0, add_s0, ld_ra, ld_s0}));
    CHECK_FALSE(framed({c_add_sp, c_sd_ra, c_sd_s0, c_add_s0, ld_ra, c_ld_s0, c_nop}));
    for (const std::uint32_t leave : {ret, c_ret, c_jr_a5, j_next, c_j_next})
        CHECK(framed({c_add_sp, c_sd_ra, c_sd_s0, c_add_s0, ld_ra, c_ld_s0, leave, nop}));
}

TEST_CASE("a function that calls none keeps its caller's frame pointer alone") {
    CHECK_FALSE(linked({}));
    CHECK_FALSE(linked({c_add_sp, c_sd_s0, c_add_s0, nop}));
    CHECK(linked({c_add_sp, c_sd_ra, c_sd_s0, c_add_s0}));
    CHECK(linked({add_sp, sd_ra}));
}

}  // namespace riscv64_code_test
