// Variables by the tables of /proc/sys: what an entry is, what two of them contradict, what is not there.
#include "kernel/unnamed_sysctls.h"

#include <doctest/doctest.h>

#include "support/memory_image.h"

namespace unnamed_sysctls_test {

using namespace postmortem;
using test::MemoryImage;

namespace {

constexpr std::uint64_t strings = 0xffff800008f00000, data = strings + 0x100000;
const ImageBounds image = {strings, strings + 0x3000, data, data + 0x3000};

struct Tables : MemoryImage {
    explicit Tables(Endian endian = Endian::Little) : MemoryImage(endian) {
        map(strings, 0x3000);
        map(data, 0x3000);
        // The end of a longer string, across pages, and one that only begins alike.
        put(strings + 0xff8, "vm_swappiness");
        put(strings + 0x1800, "min_free_kbytes_of_all");
        put(strings + 0x2000, "panic_on_oops");
    }
    void add_entry(std::uint64_t at, std::uint64_t name, std::uint64_t variable, std::uint32_t size = 4,
                   std::uint16_t mode = 0644) {
        put<std::uint64_t>(at, name);
        put<std::uint64_t>(at + 8, variable);
        put<std::uint32_t>(at + 16, size);
        put<std::uint16_t>(at + 20, mode);
    }
    Result<std::optional<std::uint64_t>> find(std::string_view variable) const {
        return UnnamedSysctls(space(), image).address_of(variable);
    }
};

constexpr std::uint64_t swappiness = strings + 0xffb, oops = strings + 0x2000, value = data + 0x2100;

}  // namespace

TEST_CASE("an entry leads from the name of a file to the variable") {
    for (const Endian endian : {Endian::Little, Endian::Big}) {
        Tables tables(endian);
        tables.add_entry(data + 0xff8, swappiness, value);
        tables.add_entry(data + 0x1040, oops, value + 4);
        CHECK(tables.find("vm_swappiness").value() == value);
        CHECK(tables.find("panic_on_oops").value() == value + 4);
    }
}

TEST_CASE("a file of which there is not even a name is none of this kernel's") {
    Tables tables;
    CHECK(tables.find("min_free_kbytes").value() == std::nullopt);
    CHECK_FALSE(tables.find("vm_swappiness"));  // it has a name, and no table was found
    CHECK_FALSE(tables.find("tainted_mask"));   // no file shows it
    tables.exclude(strings + 0x2000);
    CHECK_FALSE(tables.find("min_free_kbytes"));  // it may have been there
}

TEST_CASE("what is no entry, or contradicts another, is not taken for one") {
    struct Case {
        std::uint64_t variable;
        std::uint32_t size;
        std::uint16_t mode;
    };
    for (const Case& c : {Case{value, 3, 0644}, {value, 4, 0777}, {value, 4, 0}, {0x1000, 4, 0644}}) {
        Tables tables;
        tables.add_entry(data + 0x40, swappiness, c.variable, c.size, c.mode);
        CHECK_FALSE(tables.find("vm_swappiness"));
        tables.add_entry(data + 0x80, swappiness, value);
        CHECK(tables.find("vm_swappiness").value() == value);
        tables.add_entry(data + 0xc0, swappiness, value + 4);
        CHECK_FALSE(tables.find("vm_swappiness"));
    }
}

}  // namespace unnamed_sysctls_test
