// The unwind tables in every layout that kernels have had.
#include "kernel/unwind/orc.h"

#include <doctest/doctest.h>

#include "arch/x86_64/x86_64.h"
#include "support/memory_image.h"

namespace orc_test {

using namespace postmortem;

namespace {

std::span<const OrcNumbering> numberings() {
    return x86_64::arch.code.orc_numberings;
}

OrcLayout since_6_4() {
    return OrcLayout::since_6_4(numberings()[0]);
}

// Six bytes of a struct orc_entry.
std::uint64_t raw(std::int16_t sp_offset, std::int16_t bp_offset, unsigned registers, unsigned flags) {
    return static_cast<std::uint16_t>(sp_offset) |
           std::uint64_t{static_cast<std::uint16_t>(bp_offset)} << 16 | std::uint64_t{registers} << 32 |
           std::uint64_t{flags} << 40;
}

class Table {
  public:
    void add(std::uint64_t ip, std::uint64_t entry) {
        const std::uint64_t place = addresses + 4ull * count;
        image.put<std::int32_t>(place, static_cast<std::int32_t>(ip - place));
        for (unsigned i = 0; i < 6; ++i)
            image.put<std::uint8_t>(entries + 6ull * count + i, static_cast<std::uint8_t>(entry >> 8 * i));
        ++count;
    }
    Result<OrcEntry> find(std::uint64_t ip, const OrcLayout& layout = since_6_4()) const {
        return OrcTables::find_in(image.space(), {addresses, entries, count}, layout, ip);
    }

    test::MemoryImage image;
    std::uint64_t addresses = 0xffffffff82000000ull, entries = 0xffffffff82010000ull;
    std::uint32_t count = 0;
};

constexpr std::uint64_t text = 0xffffffff81000000ull;

}  // namespace

TEST_CASE("entries of 6.4 and later") {
    const auto layout = since_6_4();
    CHECK(layout.decode(raw(8, 0, 0x05, 0x02)) ==
          OrcEntry{8, 0, OrcRegister::Sp, OrcRegister::Undefined, OrcType::Call, false});
    CHECK(layout.decode(raw(16, -16, 0x14, 0x02)) ==
          OrcEntry{16, -16, OrcRegister::Fp, OrcRegister::PreviousSp, OrcType::Call, false});
    CHECK(layout.decode(raw(0, 0, 0x05, 0x0b)).type == OrcType::Regs);
    CHECK(layout.decode(raw(0, 0, 0x05, 0x0b)).signal);
    CHECK(layout.decode(raw(0, 0, 0x05, 0x0c)).type == OrcType::RegsPartial);
    CHECK_FALSE(layout.decode(raw(0, 0, 0x05, 0x04)).signal);
    CHECK(layout.decode(raw(0, 0, 0, 0)).type == OrcType::Undefined);
    CHECK(layout.decode(raw(0, 0, 0, 1)).type == OrcType::EndOfStack);
    CHECK(layout.decode(raw(0, 0, 0, 7)).type == OrcType::Undefined);
    CHECK(layout.decode(raw(0, 0, 0x48, 2)).sp_register == OrcRegister::FpIndirect);
    CHECK(layout.decode(raw(0, 0, 0x0f, 2)).sp_register == OrcRegister::Undefined);
}

TEST_CASE("entries before 6.4") {
    const auto layout = OrcLayout::before_6_4(numberings()[0]);
    CHECK(layout.decode(raw(8, 0, 0x05, 0)) ==
          OrcEntry{8, 0, OrcRegister::Sp, OrcRegister::Undefined, OrcType::Call, false});
    CHECK(layout.decode(raw(0, 0, 0x05, 1)).type == OrcType::Regs);
    CHECK(layout.decode(raw(0, 0, 0x05, 1)).signal);
    CHECK(layout.decode(raw(0, 0, 0x05, 2)).type == OrcType::RegsPartial);
    CHECK(layout.decode(raw(0, 0, 0, 0)).type == OrcType::Undefined);
    CHECK(layout.decode(raw(0, 0, 0, 4)).type == OrcType::EndOfStack);

    // 6.3 had both a signal and an end bit.
    OrcLayout of_6_3 = layout;
    of_6_3.signal = {42, 1};
    of_6_3.end = {43, 1};
    CHECK(of_6_3.decode(raw(0, 0, 0, 8)).type == OrcType::EndOfStack);
    CHECK(of_6_3.decode(raw(0, 0, 5, 5)).type == OrcType::Regs);
}

TEST_CASE("entries with the registers renumbered") {
    const OrcLayout layout = OrcLayout::since_6_4(numberings()[1]);
    CHECK(layout.decode(raw(8, 0, 0x03, 2)).sp_register == OrcRegister::Sp);
    CHECK(layout.decode(raw(16, -16, 0x84, 2)) ==
          OrcEntry{16, -16, OrcRegister::Fp, OrcRegister::PreviousSp, OrcType::Call, false});
    CHECK(layout.decode(raw(0, 0, 0x4a, 2)).sp_register == OrcRegister::FpIndirect);
    CHECK(layout.decode(raw(0, 0, 0x09, 2)).sp_register == OrcRegister::SpIndirect);
}

TEST_CASE("the layout of a table is told by its entries") {
    const auto chosen = [](std::uint64_t call, std::uint64_t other) {
        Table table;
        for (unsigned i = 0; i < 600; ++i) table.add(text + 16 * i, i % 4 == 3 ? other : call);
        return OrcTables::detect_layout(table.image.space(), {table.addresses, table.entries, table.count},
                                        numberings(), std::nullopt);
    };
    const auto newer = chosen(raw(8, 0, 0x05, 2), raw(0, 0, 0, 0));
    CHECK(newer.type.size == 3);
    CHECK(newer.numbering == &numberings()[0]);
    const auto newest = chosen(raw(8, 0, 0x03, 2), raw(16, -16, 0x84, 2));
    CHECK(newest.type.size == 3);
    CHECK(newest.numbering == &numberings()[1]);
    CHECK(chosen(raw(8, 0, 0x05, 0), raw(0, 0, 0, 0)).type.size == 2);
}

TEST_CASE("the last entry at or below an address covers it") {
    Table table;
    table.add(text, raw(8, 0, 5, 2));
    table.add(text + 0x10, raw(16, 0, 5, 2));
    // A section's end mark may share its address with what follows, and comes first.
    table.add(text + 0x20, raw(0, 0, 0, 0));
    table.add(text + 0x20, raw(24, 0, 5, 2));
    table.add(text + 0x30, raw(0, 0, 0, 0));
    CHECK(table.find(text)->sp_offset == 8);
    CHECK(table.find(text + 0xf)->sp_offset == 8);
    CHECK(table.find(text + 0x10)->sp_offset == 16);
    CHECK(table.find(text + 0x20)->sp_offset == 24);
    CHECK(table.find(text + 0x1000)->type == OrcType::Undefined);
    CHECK(table.find(text - 1).error().code == ErrorCode::NotFound);
}

TEST_CASE("damaged tables are errors, not answers") {
    Table table;
    CHECK(table.find(text).error().code == ErrorCode::NotFound);  // empty
    for (unsigned i = 0; i < 3000; ++i) table.add(text + 16 * i, raw(8, 0, 5, 2));
    table.image.exclude(table.addresses + 0x1000);
    CHECK(table.find(text + 16 * 1500).error().code == ErrorCode::PageExcluded);
    table.count = 0xffffffff;  // far beyond what is there
    CHECK_FALSE(table.find(text + 16 * 2000));
    // Addresses in no order at all: any entry may come out, nothing else may happen.
    Table shuffled;
    for (unsigned i = 0; i < 100; ++i) shuffled.add(text + (i * 7919) % 4096, raw(8, 0, 5, 2));
    for (std::uint64_t ip = text; ip < text + 4096; ip += 64) (void)shuffled.find(ip);
}

}  // namespace orc_test
