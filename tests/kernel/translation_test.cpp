// What symbols tell of a kernel's addresses.
#include "kernel/translation.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "arch/registry.h"
#include "support/sparse_dump.h"

namespace translation_test {

using namespace postmortem;

TEST_CASE("pointers have tags where KASAN puts some there, and on no other kernel") {
    const test::SparseDump dump;
    const PhysicalMemory physical(dump);
    constexpr std::uint64_t tagged = 0x3bff800080001000;
    const auto place_of = [&](std::uint16_t machine, const char* symbol) {
        const AddressSpace memory(physical, fail(ErrorCode::Unsupported, "no tables"));
        learn_tags(*arch_of(machine), memory, SymbolList("", {{symbol, 0xffff800080100000, 't'}}));
        return memory.untagged(tagged);
    };
    for (const char* tagger : {"kasan_init_hw_tags", "kasan_init_sw_tags", "kasan_init_tags"})
        CHECK(place_of(EM_AARCH64, tagger) == 0xffff800080001000);
    CHECK(place_of(EM_AARCH64, "kasan_init") == tagged);
    CHECK(place_of(EM_X86_64, "kasan_init_sw_tags") == tagged);
}

}  // namespace translation_test
