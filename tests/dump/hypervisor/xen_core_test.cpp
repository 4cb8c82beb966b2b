#include "dump/hypervisor/xen_core.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "support/check_dump.h"
#include "support/fake_xen.h"

namespace xen_core_test {

using namespace postmortem;
using namespace postmortem::test;

TEST_CASE("the core of a Xen domain reads back, with its notes and processors") {
    const FakeMemory memory = make_memory(100);
    const auto dump = open_bytes(make_xen_core(memory, {}));
    REQUIRE_MESSAGE(dump, dump.error().message);
    CHECK((*dump)->problems().empty());
    CHECK((*dump)->info().format == "Xen domain core");
    CHECK((*dump)->info().max_pfn == 100);
    CHECK((*dump)->machine() == EM_X86_64);
    CHECK(compare(**dump, memory) == all_or_no_memory(memory));
    std::vector<const Note*> cpus;
    for (const Note& note : (*dump)->notes())
        if (note.name == "virtual CPU") cpus.push_back(&note);
    REQUIRE(cpus.size() == 2);
    const ByteReader note(cpus[1]->desc, Endian::Little);
    // struct cpu_user_regs at 520: r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, two
    // words, ip, cs, flags, sp, ss
    CHECK(note.u64(8) == xen_register(1, 520 + 80));            // ax
    CHECK(note.u64(8 + 6 * 8) == xen_register(1, 520 + 152));   // sp
    CHECK(note.u64(8 + 15 * 8) == xen_register(1, 520));        // r15
    CHECK(note.u64(8 + 16 * 8) == xen_register(1, 520 + 128));  // ip
    CHECK(note.u64(8 + 17 * 8) == xen_register(1, 520 + 144));  // flags
    CHECK(note.u32(152) == (xen_register(1, 520 + 136) & 0xffff));
    CHECK(note.u64(392 + 24) == xen_register(1, 4984 + 24));  // where the page tables are
    CHECK(note.u64(152 + 4 * 24 + 16) == xen_register(1, 5152));
    CHECK(note.u64(432) == xen_register(1, 5160));
}

TEST_CASE("a paravirtual domain's core is refused in words") {
    const auto dump = open_bytes(make_xen_core(make_memory(20), {fake_machines().front(), true}));
    REQUIRE_FALSE(dump);
    CHECK(dump.error().code == ErrorCode::Unsupported);
    CHECK(dump.error().message.find("paravirtual") != std::string::npos);
}

TEST_CASE("a Xen domain's core that is cut off or damaged gives no wrong page") {
    const FakeMemory memory = make_memory(60);
    const Buffer file = make_xen_core(memory, {});
    check_cut_anywhere(file, memory);
    check_changed_bytes(make_xen_core(make_memory(10), {}), 500);
}

}  // namespace xen_core_test
