// A vmlinux and the kallsyms tables in a dump must give the same answers: both are asked about every seventh
// function.
#include <doctest/doctest.h>

#include "kernel/kernel.h"
#include "support/cached_kernels.h"
#include "support/real_dumps.h"
#include "symbols/vmlinux.h"

namespace vmlinux_symbols_test {

using namespace postmortem;

namespace {

struct Difference {
    int names = 0, addresses = 0, sizes = 0, functions = 0;
};

Difference compare(const SymbolTable& kallsyms, const SymbolTable& elf) {
    constexpr int step = 7;
    Difference found;
    REQUIRE(kallsyms.for_each([&](const Symbol& symbol) {
        const char type = symbol.type;
        if (type != 't' && type != 'T' && type != 'w' && type != 'W') return true;
        if (++found.functions % step != 0) return true;
        const auto there = elf.address_of(symbol.name);
        const auto here = kallsyms.address_of(symbol.name);
        if (!there || (here && *here != *there)) ++found.addresses;
        const auto hit = elf.containing(symbol.address), own = kallsyms.containing(symbol.address);
        if (!hit || !own || hit->symbol.name != own->symbol.name ||
            hit->symbol.address != own->symbol.address)
            ++found.names;
        else if (hit->size != own->size)
            ++found.sizes;
        return true;
    }));
    return found;
}

}  // namespace

TEST_CASE("a vmlinux names the functions of real dumps as their kallsyms do") {
    auto dumps = test::real_dumps("vmcore.d31.lzo");
    const auto of_sid = test::real_dumps("vmcore.d17.lzo");
    dumps.insert(dumps.end(), of_sid.begin(), of_sid.end());
    int compared = 0;
    for (const auto& kernel : test::cached_kernels()) {
        for (const auto& dump : dumps) {
            if (dump.parent_path().filename() != kernel.suite + "-sysrq") continue;
            CAPTURE(dump.string());
            KernelOptions options;
            options.vmlinux = kernel.vmlinux();
            const auto opened = Kernel::open(dump, options);
            REQUIRE(opened);
            const auto kallsyms = (*opened)->symbols();
            REQUIRE(kallsyms);
            CHECK((*kallsyms)->source() == "kallsyms");
            const auto vmlinux = (*opened)->vmlinux();
            REQUIRE(vmlinux);
            const auto elf = (*vmlinux)->symbols((*opened)->vmcoreinfo().hex("KERNELOFFSET").value_or(0));
            REQUIRE(elf);
            const Difference difference = compare(**kallsyms, **elf);
            CHECK(difference.functions > 10000);
            CHECK(difference.names == 0);
            CHECK(difference.sizes == 0);
            CHECK(difference.addresses == 0);
            ++compared;
        }
    }
    if (compared == 0) MESSAGE("skipped: no real dump beside its kernel's vmlinux in the cache");
}

}  // namespace vmlinux_symbols_test
