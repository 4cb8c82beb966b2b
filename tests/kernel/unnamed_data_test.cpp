// Data that kallsyms does not name: exported symbols in every form that their table has had, BTF behind it,
// per-CPU variables, modules; and memory in which nothing of that lies.
#include "kernel/unnamed_data.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/btf_builder.h"
#include "support/memory_image.h"
#include "types/btf.h"

namespace unnamed_data_test {

using namespace postmortem;
using test::MemoryImage;

namespace {

constexpr std::uint64_t rodata = 0xffff800008f00000, table = rodata + 0x2468, names = table + 0x2000,
                        data = rodata + 0x100000, modules_area = 0xffff800001000000, per_cpu = data + 0x8000;

struct Form {
    bool relative;
    std::uint32_t fields, field_size;
};

/// A kernel's read-only data with a table of exported symbols in two parts, and its data.
struct Image : MemoryImage {
    explicit Image(const Form& how = {true, 3, 4}, Endian endian = Endian::Little)
        : MemoryImage(endian), form(how) {
        map(rodata, 0x40000);
        map(data, 0x10000);
        for (unsigned i = 0; i < 40; ++i) add(fmt::format("a_function_{:02}", i), rodata - 0x10000 + i * 64);
        add("init_task", data + 0x1940);
        add("tick_count", per_cpu + 0x40);
        // EXPORT_SYMBOL_GPL()
        add("a_last_table", data + 0x9000);
        add("init_pid_ns", data + 0x2000);
    }
    void add(const std::string& name, std::uint64_t address) {
        put_field(at_, address);
        put_field(at_ + form.field_size, text_);
        at_ += form.fields * form.field_size;
        put(text_, name);
        text_ += name.size() + 1;
    }
    void put_field(std::uint64_t at, std::uint64_t value) {
        if (form.relative) {
            put<std::int32_t>(at, static_cast<std::int32_t>(value - at));
        } else {
            put<std::uint64_t>(at, value);
        }
    }
    void put_module(std::uint64_t at, std::string_view name, std::uint64_t next, std::uint64_t previous) {
        put<std::uint64_t>(at + 8, next);
        put<std::uint64_t>(at + 16, previous);
        put(at + 24, name);
    }
    Result<std::uint64_t> find(std::string_view name, const TypeFinder* types = nullptr) const {
        return UnnamedData(space(), rodata, modules_area).address_of(name, types);
    }

    Form form;

  private:
    std::uint64_t at_ = table, text_ = names + 1;
};

}  // namespace

TEST_CASE("exported symbols are found in every form of their table, and in either order of bytes") {
    for (const Form& form : {Form{true, 3, 4}, {true, 2, 4}, {false, 3, 8}, {false, 2, 8}})
        for (const Endian endian : {Endian::Little, Endian::Big}) {
            CAPTURE(form.relative);
            CAPTURE(form.fields);
            const Image image(form, endian);
            CHECK(image.find("init_task").value() == data + 0x1940);
            CHECK(image.find("init_pid_ns").value() == data + 0x2000);
            CHECK(image.find("a_function_00").value() == rodata - 0x10000);
            CHECK(image.find("runqueues").error().code == ErrorCode::NotFound);
        }
}

TEST_CASE("a row of names that do not ascend, or too few, is no table") {
    Image image;
    image.put(names + 1, "z");
    CHECK(image.find("a_function_00").error().code == ErrorCode::NotFound);
    MemoryImage bare;
    bare.map(rodata, 0x10000);
    CHECK(UnnamedData(bare.space(), rodata, 0).address_of("init_task", nullptr).error().code ==
          ErrorCode::NotFound);
}

TEST_CASE("names without an end cost no more than their length") {
    MemoryImage image;
    image.map(rodata, 0x100000);
    for (std::uint64_t at = rodata; at < rodata + 0x80000; at += 4)
        image.put<std::int32_t>(at, static_cast<std::int32_t>(rodata + 0x80001 - at));
    image.put(rodata + 0x80001, std::string(0x7f000, 'a'));
    CHECK(UnnamedData(image.space(), rodata, 0).address_of("init_task", nullptr).error().code ==
          ErrorCode::NotFound);
}

TEST_CASE("BTF lies behind the table, and is known by its header") {
    Image image;
    const std::uint64_t btf = names + 0x3014;
    const auto put_header = [&](std::uint32_t strings_at) {
        image.put<std::uint16_t>(btf, 0xeb9f);
        image.put<std::uint8_t>(btf + 2, 1);
        image.put<std::uint32_t>(btf + 4, 24);
        image.put<std::uint32_t>(btf + 12, 0x200);
        image.put<std::uint32_t>(btf + 16, strings_at);
        image.put<std::uint32_t>(btf + 20, 0x100);
    };
    CHECK(image.find("__start_BTF").error().code == ErrorCode::NotFound);
    put_header(0x200);
    CHECK(image.find("__start_BTF").value() == btf);
    CHECK(image.find("__stop_BTF").value() == btf + 24 + 0x300);
    put_header(0x1f0);  // strings that begin among the types
    CHECK(image.find("__start_BTF").error().code == ErrorCode::NotFound);
}

TEST_CASE("one exported per-CPU variable tells where all of them lie") {
    const Image image;
    test::BtfBuilder builder;
    const auto word = builder.integer("unsigned long", 8);
    const auto count = builder.variable("tick_count", word), other = builder.variable("runqueues", word);
    builder.data_section(".data..percpu", {{count, 0x40}, {other, 0x1c0}});
    const auto types = open_btf(builder.bytes(), "BTF");
    REQUIRE(types);
    CHECK(image.find("runqueues", types->get()).value() == per_cpu + 0x1c0);
    CHECK(image.find("runqueues").error().code == ErrorCode::NotFound);

    test::BtfBuilder contradicting;
    const auto number = contradicting.integer("unsigned long", 8);
    contradicting.data_section(".data..percpu", {{contradicting.variable("tick_count", number), 0x40},
                                                 {contradicting.variable("init_task", number), 0x80},
                                                 {contradicting.variable("runqueues", number), 0x1c0}});
    const auto wrong = open_btf(contradicting.bytes(), "BTF");
    CHECK(image.find("runqueues", wrong->get()).error().code == ErrorCode::NotFound);
}

TEST_CASE("the list of modules is the one of which every node is a module") {
    Image image;
    constexpr std::uint64_t head = data + 0x3210, decoy = data + 0x2100, first = modules_area + 0x1000,
                            second = modules_area + 0x9000;
    image.map(modules_area, 0x10000);
    CHECK(image.find("modules").error().code == ErrorCode::NotFound);
    // Two nodes that lie where modules do, but have no name.
    image.put<std::uint64_t>(decoy, second + 0x808);
    image.put<std::uint64_t>(decoy + 8, second + 0x808);
    image.put_module(second + 0x800, "\x01\x02", decoy, decoy);
    image.put<std::uint64_t>(head, second + 8);
    image.put<std::uint64_t>(head + 8, first + 8);
    image.put_module(second, "virtio_blk", first + 8, head);
    image.put_module(first, "crc32c-generic", head, second + 8);
    CHECK(image.find("modules").value() == head);
    image.put<std::uint64_t>(first + 16, head);  // a node that does not point back
    CHECK(image.find("modules").error().code == ErrorCode::NotFound);
}

}  // namespace unnamed_data_test
