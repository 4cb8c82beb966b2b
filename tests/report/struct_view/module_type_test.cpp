// Types that the kernel does not know, and one of its modules does.
#include <cstring>

#include <doctest/doctest.h>

#include "report/struct_view/instance_reader.h"
#include "support/fake_kernel.h"

namespace module_type_test {

using namespace postmortem;
using test::BtfBuilder;
using test::FakeKernel;

namespace {

constexpr std::size_t name_of_first_type = 24, length_of_strings = 20;  // in BTF's bytes

std::uint32_t word_at(const std::vector<std::byte>& btf, std::size_t offset) {
    std::uint32_t word = 0;
    std::memcpy(&word, btf.data() + offset, sizeof word);
    return word;
}

// A struct of 16 bytes, whose name lies behind the kernel's strings.
std::vector<std::byte> types_of_module(const std::vector<std::byte>& kernels) {
    BtfBuilder own;
    own.structure("lab_item", 16, {});
    std::vector<std::byte> bytes = own.bytes();
    const std::uint32_t name = word_at(bytes, name_of_first_type) + word_at(kernels, length_of_strings);
    std::memcpy(bytes.data() + name_of_first_type, &name, sizeof name);
    return bytes;
}

/// A kernel with one module that brought its types along.
struct WithModule {
    WithModule() {
        auto& types = fake.types();
        const auto word = types.integer("unsigned long", 8);
        const auto list = types.structure("list_head", 16, {{"next", word, 0}, {"prev", word, 64}});
        const auto name = types.array(types.integer("char", 1), 56);
        const auto btf =
            types.structure("btf", 128, {{"data", word, 0}, {"data_size", word, 64}, {"name", name, 128}});
        types.structure("btf_module", 32, {{"list", list, 0}, {"btf", types.pointer(btf), 128}});
        const auto own = types_of_module(types.bytes());
        const std::uint64_t node = fake.allocate(32), one = fake.allocate(128);
        data = fake.allocate_page();
        fake.write(data, {reinterpret_cast<const char*>(own.data()), own.size()});
        fake.put_u64(one, data);
        fake.put_u64(one + 8, own.size());
        fake.write(one + 16, "lab");
        fake.put_u64(node + 16, one);
        fake.link_list(fake.variable("btf_modules", 16), {node});
    }

    FakeKernel fake;
    std::uint64_t data = 0;
};

}  // namespace

TEST_CASE("a struct of a module is found, with its size") {
    WithModule made;
    const auto kernel = made.fake.open();
    const auto reader = InstanceReader::open(*kernel, "lab_item");
    REQUIRE(reader);
    CHECK(reader->type_name() == "struct lab_item");
    CHECK(reader->size() == 16);
    CHECK(InstanceReader::open(*kernel, "list_head.next").has_value());
    CHECK(InstanceReader::open(*kernel, "no_such").error().code == ErrorCode::NotFound);
}

TEST_CASE("a name that nobody is known to have may be that of types that are missing") {
    WithModule made;
    made.fake.exclude(made.data);
    const auto kernel = made.fake.open();
    CHECK(InstanceReader::open(*kernel, "lab_item").error().code == ErrorCode::PageExcluded);
}

}  // namespace module_type_test
