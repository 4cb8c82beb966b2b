// BTF of every kind of type, whole and damaged.
#include "types/btf.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include <doctest/doctest.h>

#include "support/btf_builder.h"

namespace btf_test {

using namespace postmortem;
using test::BtfBuilder;

namespace {

std::unique_ptr<TypeFinder> open(const BtfBuilder& builder) {
    auto types = open_btf(builder.bytes(), "test BTF");
    REQUIRE(types);
    return std::move(*types);
}

// A bit of everything that kernels hold.
BtfBuilder make_kernel_types(Endian endian = Endian::Little) {
    BtfBuilder b(endian);
    const auto int_type = b.integer("int", 4, true);
    const auto u64_type = b.integer("long unsigned int", 8);
    const auto char_type = b.integer("char", 1, true);
    const auto flags = b.enumeration("colour", {{"RED", 1}, {"GREEN", -2}}, true);
    const auto list = b.next_id();
    b.structure("list_head", 16, {{"next", list + 1, 0}, {"prev", list + 1, 64}});
    b.pointer(list);
    const auto inner = b.union_of("", 8, {{"as_number", u64_type, 0}, {"as_int", int_type, 0}});
    const auto nested = b.structure("", 16, {{"before", u64_type, 0}, {"", inner, 64}});
    const auto comm = b.array(char_type, 16);
    const auto volatile_long = b.volatile_of(b.const_of(u64_type));
    b.structure("task_struct", 128,
                {{"state", volatile_long, 0},
                 {"comm", comm, 64},
                 {"tasks", list, 192},
                 {"", nested, 320},
                 {"colour", flags, 448},
                 {"parent", b.pointer(b.next_id() + 1), 512}});
    b.enumeration64("large", {{"HUGE", 0x123456789abcdef0}, {"NEGATIVE", -3}}, true);
    b.type_definition("spinlock_t", b.structure("spinlock", 4, {{"val", int_type, 0}}));
    b.floating("double", 8);
    b.function("do_fork", int_type);
    b.data_section(".data", b.variable("jiffies", u64_type));
    b.declaration_tag("user", list);
    b.type_tag("rcu", list);
    b.forward("never_seen");
    return b;
}

}  // namespace

TEST_CASE("structs are found by name, members by offset, through anonymous structs and unions") {
    for (const Endian endian : {Endian::Little, Endian::Big}) {
        const auto types = open(make_kernel_types(endian));
        CHECK(types->source() == "test BTF");
        CHECK_FALSE(types->damage());
        CHECK(types->size_of("task_struct").value() == 128);
        CHECK(types->offset_of("task_struct", "state").value() == 0);
        CHECK(types->offset_of("task_struct", "comm").value() == 8);
        CHECK(types->offset_of("task_struct", "tasks").value() == 24);
        CHECK(types->offset_of("task_struct", "before").value() == 40);
        CHECK(types->offset_of("task_struct", "as_number").value() == 48);
        CHECK(types->offset_of("task_struct", "as_int").value() == 48);

        const TypeId task = types->find_struct("task_struct").value();
        const auto state = types->member(task, "state");
        REQUIRE(state);
        CHECK(types->get(state->type).kind == TypeKind::Integer);  // volatile and const are looked through
        CHECK(types->get(state->type).byte_size == 8);
        CHECK_FALSE(types->get(state->type).is_signed);
        const Type& comm = types->get(types->member(task, "comm")->type);
        CHECK(comm.kind == TypeKind::Array);
        CHECK(comm.count == 16);
        CHECK(types->get(comm.target).byte_size == 1);
        const Type& next = types->get(types->member(types->find_struct("list_head").value(), "next")->type);
        CHECK(next.kind == TypeKind::Pointer);
        CHECK(next.byte_size == 8);
        CHECK(types->get(next.target).name == "list_head");

        CHECK(types->offset_of("task_struct", "no_such").error().code == ErrorCode::NotFound);
        CHECK(types->offset_of("no_such", "comm").error().code == ErrorCode::NotFound);
        CHECK(types->find(TypeKind::Union, "task_struct").error().code == ErrorCode::NotFound);
        CHECK(types->find_struct("").error().code == ErrorCode::NotFound);
        CHECK(types->find_struct("int").error().code == ErrorCode::NotFound);
        CHECK(types->find_struct("never_seen").error().code == ErrorCode::NotFound);
    }
}

TEST_CASE("enums of 32 and of 64 bits, signed or not") {
    BtfBuilder b = make_kernel_types();
    b.enumeration("mask", {{"NOTHING", 0}, {"ALL", 0xffffffff}});
    b.enumeration64("unsigned_large", {{"TOP", static_cast<std::int64_t>(1ull << 63)}});
    const auto types = open(b);
    CHECK(types->enumerator("colour", "RED").value() == 1);
    CHECK(types->enumerator("colour", "GREEN").value() == -2);
    CHECK(types->enumerator("mask", "ALL").value() == 0xffffffff);
    CHECK_FALSE(types->get(types->find(TypeKind::Enum, "mask").value()).is_signed);
    CHECK(types->get(types->find(TypeKind::Enum, "colour").value()).is_signed);
    CHECK(types->enumerator("large", "HUGE").value() == 0x123456789abcdef0);
    CHECK(types->enumerator("large", "NEGATIVE").value() == -3);
    CHECK(static_cast<std::uint64_t>(types->enumerator("unsigned_large", "TOP").value()) == 1ull << 63);
    CHECK(types->get(types->find(TypeKind::Enum, "large").value()).byte_size == 8);
    CHECK(types->get(types->find(TypeKind::Enum, "large").value()).is_signed);
    CHECK_FALSE(types->get(types->find(TypeKind::Enum, "unsigned_large").value()).is_signed);
    CHECK(types->enumerator("colour", "BLUE").error().code == ErrorCode::NotFound);
    CHECK(types->enumerator("", "RED").error().code == ErrorCode::NotFound);
}

TEST_CASE("enums of before 6.0, whose BTF does not tell the sign, are signed where a value is negative") {
    BtfBuilder b;
    b.enumeration("old", {{"MINUS", -1}, {"TWO", 2}});
    b.enumeration("counted", {{"FIRST", 0}, {"SECOND", 1}});
    const auto types = open(b);
    CHECK(types->enumerator("old", "MINUS").value() == -1);
    CHECK(types->get(types->find(TypeKind::Enum, "old").value()).is_signed);
    CHECK_FALSE(types->get(types->find(TypeKind::Enum, "counted").value()).is_signed);
}

TEST_CASE("a plain char is signed as on the machine, where the BTF tells of none; a signed one always is") {
    const auto chars = [](bool tells, bool on_this_machine) {
        BtfBuilder b;
        const auto plain = b.integer("char", 1), other = b.integer("unsigned char", 1);
        b.structure(
            "chars", 3,
            {{"plain", plain, 0}, {"other", other, 8}, {"signed", b.integer("signed char", 1, tells), 16}});
        return open_btf(b.bytes(), "BTF", on_this_machine).value();
    };
    const auto is_signed = [](const TypeFinder& types, const char* member) {
        return types.get(types.member(types.find_struct("chars").value(), member)->type).is_signed;
    };
    for (const bool on_this_machine : {false, true}) {
        const auto silent = chars(false, on_this_machine), telling = chars(true, on_this_machine);
        CHECK(is_signed(*silent, "plain") == on_this_machine);
        CHECK(is_signed(*silent, "signed"));
        CHECK_FALSE(is_signed(*silent, "other"));
        CHECK_FALSE(is_signed(*telling, "plain"));  // -funsigned-char, 6.2
        CHECK(is_signed(*telling, "signed"));
    }
}

TEST_CASE("bit-fields keep their bits, plain members of the same struct their bytes") {
    BtfBuilder b;
    const auto u32_type = b.integer("unsigned int", 4);
    b.structure("flags", 8, {{"plain", u32_type, 0}, {"one", u32_type, 32, 1}, {"many", u32_type, 33, 31}});
    const auto types = open(b);
    const TypeId flags = types->find_struct("flags").value();
    CHECK(types->member(flags, "plain")->bit_size == 0);
    CHECK(types->member(flags, "one")->bit_offset == 32);
    CHECK(types->member(flags, "one")->bit_size == 1);
    CHECK(types->member(flags, "many")->bit_offset == 33);
    CHECK(types->member(flags, "many")->bit_size == 31);
}

TEST_CASE("a declaration stands for the complete type where there is one") {
    BtfBuilder b;
    const auto u64_type = b.integer("long", 8);
    const auto declared = b.forward("css_set");
    const auto declared_union = b.forward("value", true);
    const auto opaque = b.forward("opaque");
    b.structure("task", 24,
                {{"css", b.pointer(declared), 0},
                 {"value", b.pointer(declared_union), 64},
                 {"opaque", b.pointer(opaque), 128}});
    b.union_of("css_set", 8, {{"wrong", u64_type, 0}});
    b.structure("css_set", 16, {{"refcount", u64_type, 64}});
    b.union_of("value", 8, {{"bits", u64_type, 0}});
    const auto types = open(b);
    const TypeId task = types->find_struct("task").value();
    const auto pointee = [&](const char* member) {
        return types->get(types->member(task, member)->type).target;
    };
    CHECK(types->get(pointee("css")).kind == TypeKind::Struct);
    CHECK(types->member(pointee("css"), "refcount")->offset() == 8);
    CHECK(types->get(pointee("value")).kind == TypeKind::Union);
    CHECK(types->member(pointee("value"), "bits")->offset() == 0);
    CHECK(types->get(pointee("opaque")).kind == TypeKind::Forward);
    CHECK(types->get(pointee("opaque")).name == "opaque");
    CHECK(types->member(pointee("opaque"), "x").error().code == ErrorCode::NotFound);
}

TEST_CASE("typedefs and qualifiers are looked through, and a chain that never ends is given up") {
    BtfBuilder b;
    const auto u32_type = b.integer("unsigned int", 4);
    auto chain = u32_type;
    for (int i = 0; i < 8; ++i)
        chain =
            b.const_of(b.volatile_of(b.restrict_of(b.type_tag("tag", b.type_definition("alias", chain)))));
    const auto typedef_loop = b.type_definition("me", b.next_id());
    const auto qualifier_loop = b.const_of(b.next_id());
    const auto mixed_loop = b.const_of(b.type_definition("you", b.next_id() + 1));
    b.structure("loops", 16,
                {{"good", chain, 0},
                 {"bad", typedef_loop, 32},
                 {"worse", qualifier_loop, 64},
                 {"worst", mixed_loop, 96}});
    const auto types = open(b);
    const TypeId loops = types->find_struct("loops").value();
    CHECK(types->get(types->member(loops, "good")->type).byte_size == 4);
    for (const char* name : {"bad", "worse", "worst"}) {
        const Type& type = types->get(types->member(loops, name)->type);
        CHECK((type.kind == TypeKind::Typedef || type.kind == TypeKind::Unknown));
        CHECK(types->member(types->member(loops, name)->type, "x").error().code == ErrorCode::NotFound);
    }
    CHECK(types->get(types->find(TypeKind::Typedef, "me").value()).kind == TypeKind::Typedef);
    CHECK(types->get_declared(types->find(TypeKind::Typedef, "alias").value()).kind == TypeKind::Typedef);
}

TEST_CASE("a struct that contains itself ends the search for a member") {
    BtfBuilder b;
    const auto self = b.next_id();
    b.structure("ouroboros", 8, {{"", self, 0}, {"", self, 0}, {"", self, 0}, {"tail", self, 0}});
    const auto types = open(b);
    CHECK(types->offset_of("ouroboros", "tail").value() == 0);
    const auto start = std::chrono::steady_clock::now();
    CHECK(types->offset_of("ouroboros", "head").error().code == ErrorCode::NotFound);  // 3^16 paths
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
}

TEST_CASE("ids that lead nowhere are unknown types") {
    BtfBuilder b;
    b.structure("strange", 8, {{"member", 12345, 0}, {"nothing", 0, 0}, {"pointer", b.pointer(99999), 0}});
    const auto types = open(b);
    const TypeId strange = types->find_struct("strange").value();
    CHECK(types->get(types->member(strange, "member")->type).kind == TypeKind::Unknown);
    CHECK(types->get(types->member(strange, "nothing")->type).kind == TypeKind::Void);
    CHECK(types->get(types->get(types->member(strange, "pointer")->type).target).kind == TypeKind::Unknown);
    CHECK(types->get(~0ull).kind == TypeKind::Unknown);
    CHECK(types->get(1ull << 40).kind == TypeKind::Unknown);
}

TEST_CASE("an array of arrays is one array, however pahole wrote it") {
    BtfBuilder b;
    const auto u16_type = b.integer("short", 2);
    const auto nested = b.array(b.array(b.array(u16_type, 5), 4), 3);
    const auto self = b.next_id();
    b.array(self, 2);
    const auto vast = b.array(b.array(b.array(u16_type, ~0u), ~0u), ~0u);
    b.structure("grid", 120, {{"cells", nested, 0}, {"endless", self, 0}, {"vast", vast, 0}});
    const auto types = open(b);
    const TypeId grid = types->find_struct("grid").value();
    const Type& cells = types->get(types->member(grid, "cells")->type);
    CHECK(cells.count == 60);
    CHECK(types->get(cells.target).byte_size == 2);
    CHECK(types->get(types->member(grid, "endless")->type).kind == TypeKind::Array);
    CHECK(types->get(types->member(grid, "vast")->type).count == 0);  // 2^96 elements are no count
}

TEST_CASE("what is no BTF is refused") {
    CHECK(open_btf(std::vector<std::byte>{}, "x").error().code == ErrorCode::Corrupt);
    CHECK(open_btf(std::vector<std::byte>(1000), "x").error().code == ErrorCode::Corrupt);
    auto bytes = make_kernel_types().bytes();
    for (const std::size_t length : {2, 4, 8, 16, 20, 23, 24, 40})
        CHECK_FALSE(open_btf(std::vector<std::byte>(bytes.begin(), bytes.begin() + length), "x"));
    for (const std::size_t field : {4, 8, 12, 16, 20}) {
        auto wrong = bytes;
        store<std::uint32_t>(wrong.data() + field, 0xfffffff0, Endian::Little);
        CHECK(open_btf(wrong, "x").error().code == ErrorCode::Corrupt);
    }
}

TEST_CASE("types before a malformed one are found, and others are not called absent") {
    BtfBuilder b = make_kernel_types();
    b.record(31, "impossible", 0, 0);
    b.structure("behind", 8, {});
    const auto types = open(b);
    REQUIRE(types->damage());
    CHECK(types->damage()->code == ErrorCode::Corrupt);
    CHECK(types->offset_of("task_struct", "comm").value() == 8);
    CHECK(types->find_struct("behind").error().code == ErrorCode::Corrupt);
    CHECK(types->offset_of("task_struct", "no_such").error().code == ErrorCode::Corrupt);
}

TEST_CASE("a hole costs what lies in it and behind it, and nothing passes for what it is not") {
    const BtfBuilder builder = make_kernel_types();
    const auto whole = builder.bytes();
    const auto reference = open(builder);
    for (std::size_t hole = 24; hole < whole.size(); hole += 3) {
        ByteBuffer bytes(whole.begin(), whole.end());
        const std::size_t end = std::min(whole.size(), hole + 40);
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(hole),
                  bytes.begin() + static_cast<std::ptrdiff_t>(end), btf_hole);
        const auto opened = open_btf(std::move(bytes), "BTF", 1);
        if (!opened) {
            CHECK(hole < 40);  // the very first type
            continue;
        }
        REQUIRE((*opened)->damage());
        for (const auto& [type, member] : {std::pair("task_struct", "comm"),
                                           {"task_struct", "as_int"},
                                           {"list_head", "prev"},
                                           {"task_struct", "colour"},
                                           {"spinlock", "val"}}) {
            const auto offset = (*opened)->offset_of(type, member);
            if (offset) {
                CHECK(*offset == reference->offset_of(type, member).value());
            } else {
                CHECK(offset.error().code == ErrorCode::Corrupt);
            }
        }
        const auto size = (*opened)->size_of("task_struct");
        if (size) CHECK(*size == 128);
    }
}

TEST_CASE("thousands of damaged variants neither crash nor hang") {
    const auto whole = make_kernel_types().bytes();
    std::mt19937_64 random(7);
    std::size_t opened_variants = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < 20000; ++round) {
        auto bytes = whole;
        for (int i = 0; i < 1 + round % 8; ++i) {
            const std::size_t at = random() % bytes.size();
            if (random() % 4 == 0) {
                bytes.resize(std::max<std::size_t>(at, 30));
            } else {
                bytes[at] = static_cast<std::byte>(random());
            }
        }
        const auto types = open_btf(std::move(bytes), "BTF");
        if (!types) continue;
        ++opened_variants;
        for (const char* name : {"task_struct", "list_head", "spinlock", "never_seen"}) {
            const auto type = (*types)->find_struct(name);
            if (!type) continue;
            for (const char* member : {"comm", "as_int", "next", "val", "none"}) {
                const auto place = (*types)->member(*type, member);
                if (place) (void)(*types)->get((*types)->get(place->type).target);
            }
        }
        for (TypeId id = 0; id < 40; ++id) (void)(*types)->get(id);
        (void)(*types)->enumerator("large", "HUGE");
    }
    CHECK(opened_variants > 5000);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
}

TEST_CASE("names that share one long text, or one hash, take neither memory nor time without end") {
    BtfBuilder b;
    const std::string endless(1 << 20, 'n');
    const std::uint32_t name = b.string(endless);
    const auto u8_type = b.integer("char", 1);
    std::vector<std::uint32_t> members;
    for (std::uint32_t i = 0; i < 60000; ++i)
        for (const std::uint32_t value : {name + i % 1000, u8_type, i * 8}) members.push_back(value);
    b.record(4, "wide", 60000, 60000, false, members);
    for (int i = 0; i < 100000; ++i) b.structure("twin", 1, {});
    b.structure("last", 1, {});

    const auto start = std::chrono::steady_clock::now();
    const auto types = open(b);
    const Type& wide = types->get(types->find_struct("wide").value());
    CHECK(wide.members.size() == 60000);
    CHECK(wide.members.front().name.size() <= 1024);
    CHECK(types->find_struct("twin"));
    CHECK(types->find_struct("last"));
    CHECK(types->find_struct("none").error().code == ErrorCode::NotFound);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

TEST_CASE("threads may ask at once") {
    const auto types = open(make_kernel_types());
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 500; ++i) {
                if (types->offset_of("task_struct", "as_int").value_or(0) != 48) ++wrong;
                if (types->enumerator("colour", "RED").value_or(0) != 1) ++wrong;
                if (types->offset_of("task_struct", "no_such_" + std::to_string(i))) ++wrong;
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}

TEST_CASE("without types every question is answered with the reason") {
    const auto none = make_empty_type_finder({ErrorCode::MissingDebugInfo, "no BTF, no vmlinux"});
    const auto error = none->offset_of("task_struct", "comm").error();
    CHECK(error.code == ErrorCode::MissingDebugInfo);
    CHECK(error.message == "no BTF, no vmlinux");
    CHECK(none->get(5).kind == TypeKind::Unknown);
    CHECK(to_string(TypeKind::Forward) == "forward declaration");
}

}  // namespace btf_test
