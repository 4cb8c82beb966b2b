// The typed cursor: members, arrays, pointers, bit-fields, and errors that travel along the chain.
#include "object/object.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "object/field.h"
#include "support/btf_builder.h"
#include "support/sparse_dump.h"
#include "types/btf.h"

namespace object_test {

using namespace postmortem;
using namespace std::string_view_literals;
using test::BtfBuilder;
using test::SparseMemory;

namespace {

constexpr std::uint64_t task_at = 0xffff888000001000ull;
constexpr std::uint64_t mm_at = 0xffff888000002000ull;
constexpr std::uint64_t excluded_at = 0xffff888000005000ull;

struct World {
    explicit World(Endian endian = Endian::Little) : memory(0xffff888000000000ull, 1 << 20, endian) {
        BtfBuilder b(endian);
        const auto s8 = b.integer("signed char", 1, true), u8 = b.integer("unsigned char", 1);
        const auto s16 = b.integer("short", 2, true), u16 = b.integer("unsigned short", 2);
        const auto s32 = b.integer("int", 4, true), u32 = b.integer("unsigned int", 4);
        const auto s64 = b.integer("long", 8, true), u64 = b.integer("unsigned long", 8);
        const auto name = b.array(u8, 16);
        const auto atomic = b.structure("", 4, {{"counter", s32, 0}});
        const auto mm = b.structure("mm_struct", 16, {{"total_vm", u64, 0}, {"users", atomic, 64}});
        const auto pair = b.structure("pair", 8, {{"a", u32, 0}, {"b", u32, 32}});
        const auto list = b.structure("list_head", 16, {{"next", u64, 0}, {"prev", u64, 64}});
        b.structure("task", 256,
                    {{"s8", s8, 0},
                     {"u8", u8, 8},
                     {"s16", s16, 16},
                     {"u16", u16, 32},
                     {"s32", s32, 64},
                     {"u32", u32, 96},
                     {"s64", s64, 128},
                     {"comm", name, 192},
                     {"mm", b.pointer(mm), 320},
                     {"borrowed", b.pointer(mm), 384},
                     {"pairs", b.array(pair, 3), 448},
                     {"text", b.pointer(u8), 640},
                     {"tasks", list, 704},
                     {"state", b.enumeration("state", {{"RUNNING", 0}, {"DEAD", -1}}), 832},
                     {"opaque", b.pointer(b.forward("opaque")), 896},
                     {"large", b.array(u8, 5000), 960}});
        b.structure("bits", 24,
                    {{"first", u32, 0, 1},
                     {"low", u32, 1, 7},
                     {"signed_three", s32, 8, 3},
                     {"across", u32, 11, 13},
                     {"all", u64, 64, 64},
                     {"spanning", u64, 131, 60},
                     {"nine_bytes", u64, 133, 62}});
        auto opened = open_btf(b.bytes(), "BTF");
        REQUIRE(opened);
        types = std::move(*opened);
        memory.put<std::uint8_t>(task_at, 0xfe);
        memory.put<std::uint8_t>(task_at + 1, 0xfe);
        memory.put<std::uint16_t>(task_at + 2, 0xfffd);
        memory.put<std::uint16_t>(task_at + 4, 0xfffd);
        memory.put<std::uint32_t>(task_at + 8, 0xfffffffc);
        memory.put<std::uint32_t>(task_at + 12, 0xfffffffc);
        memory.put<std::uint64_t>(task_at + 16, static_cast<std::uint64_t>(-5));
        memory.write(task_at + 24, "postmortem\0junk!"sv);
        memory.put<std::uint64_t>(task_at + 40, mm_at);
        memory.put<std::uint32_t>(task_at + 56 + 20, 77);  // pairs[2].b
        memory.put<std::uint64_t>(task_at + 80, task_at + 24);
        memory.put<std::uint32_t>(task_at + 104, 0xffffffff);
        memory.put<std::uint64_t>(task_at + 112, task_at);
        memory.put<std::uint64_t>(mm_at, 1234);
        memory.put<std::uint32_t>(mm_at + 8, 3);
        memory.fail_page(excluded_at, ErrorCode::PageExcluded);
    }

    Object at(const char* type, std::uint64_t address) const {
        return {memory, *types, types->find_struct(type).value(), address};
    }
    Object task() const { return at("task", task_at); }

    SparseMemory memory;
    std::unique_ptr<TypeFinder> types;
};

}  // namespace

TEST_CASE("integers extend as their type says") {
    for (const Endian endian : {Endian::Little, Endian::Big}) {
        const World world(endian);
        const Object task = world.task();
        CHECK(task["s8"].i64().value() == -2);
        CHECK(task["u8"].i64().value() == 0xfe);
        CHECK(task["s16"].i64().value() == -3);
        CHECK(task["u16"].u64().value() == 0xfffd);
        CHECK(task["s32"].i64().value() == -4);
        CHECK(task["s32"].u64().value() == static_cast<std::uint64_t>(-4));
        CHECK(task["u32"].u64().value() == 0xfffffffc);
        CHECK(task["s64"].i64().value() == -5);
        CHECK(task["state"].i64().value() == -1);
        CHECK(task["u32"].size() == 4);
        CHECK(task["comm"].size() == 16);
        CHECK(task["pairs"].size() == 24);
    }
}

TEST_CASE("pointers are followed, arrays indexed, small structs read as numbers") {
    const World world;
    const Object task = world.task();
    CHECK(task["mm"]["total_vm"].u64().value() == 1234);
    CHECK(task["mm"].deref()["users"].u64().value() == 3);
    CHECK(task["mm"]["users"]["counter"].u64().value() == 3);
    CHECK(task["mm"].at(1).address() == mm_at + 16);
    CHECK(task["pairs"].at(2)["b"].u64().value() == 77);
    CHECK(task["pairs"].at(7)["a"].address() == task_at + 56 + 56);  // flexible arrays declare no bound
    CHECK(task["comm"].string().value() == "postmortem");
    CHECK(task["text"].string().value() == "postmortem");
    CHECK(task["text"].string(4).value() == "post");
    CHECK(task["comm"].bytes()->size() == 16);
    CHECK(task.first_of({"newest_name", "s64"}).i64().value() == -5);
    CHECK(contains(task.first_of({"newest_name", "older"}).error()->message,
                   "has no member newest_name or older"));
    CHECK(task.has("mm"));
    CHECK(task["mm"].has("total_vm"));  // of what it points to
    CHECK_FALSE(task.has("no_such"));
    CHECK(task["tasks"].container("task", "tasks").address() == task_at);
    CHECK(task.as_struct("mm_struct")["total_vm"].address() == task_at);
}

TEST_CASE("bit-fields of either byte order") {
    SparseMemory memory;
    World world;
    // 0xd5 = 1101 0101: first 1, low 110 1010; then 3 bits 101 = -3, then 13 bits.
    world.memory.put<std::uint32_t>(0xffff888000003000ull, (0x00abcdd5 & ~0x700u) | 0x500u);
    world.memory.put<std::uint64_t>(0xffff888000003008ull, 0x8123456789abcdefull);
    world.memory.put<std::uint64_t>(0xffff888000003010ull, 0x7edcba9876543210ull);
    const Object bits = world.at("bits", 0xffff888000003000ull);
    CHECK(bits["first"].u64().value() == 1);
    CHECK(bits["low"].u64().value() == 0xd5 >> 1);
    CHECK(bits["signed_three"].i64().value() == -3);
    CHECK(bits["across"].u64().value() == (((0x00abcdd5 & ~0x700u) | 0x500u) >> 11 & 0x1fff));
    CHECK(bits["all"].u64().value() == 0x8123456789abcdefull);
    CHECK(bits["spanning"].u64().value() == (0x7edcba9876543210ull >> 3 & ((1ull << 60) - 1)));
    CHECK(bits["nine_bytes"].u64().error().code == ErrorCode::Unsupported);
    CHECK(bits["first"].u64_or(9) == 1);
    // The last bits of a page need no byte of the next one.
    world.memory.put<std::uint8_t>(0xffff888000004fff, 0x81);
    const Object last = world.at("bits", 0xffff888000004fff);
    CHECK(last["first"].u64().value() == 1);
    CHECK(last["low"].u64().value() == 0x40);
}

TEST_CASE("an error travels along the chain and comes out where the value is asked for") {
    const World world;
    const Object task = world.task();
    const auto code = [](const Object& object) { return object.u64().error().code; };
    CHECK(code(task["no_such"]["further"].at(3).deref()) == ErrorCode::NotFound);
    CHECK(code(task["borrowed"]["total_vm"]) == ErrorCode::NotMapped);
    CHECK(task["borrowed"]["total_vm"].u64().error().message.find("null pointer") != std::string::npos);
    CHECK(code(task["s64"]["member"]) == ErrorCode::NotFound);
    CHECK(code(task["s64"].deref()) == ErrorCode::InvalidArgument);
    CHECK(code(task["s64"].at(0)) == ErrorCode::InvalidArgument);
    CHECK(code(task["comm"]) == ErrorCode::InvalidArgument);
    CHECK(code(task) == ErrorCode::InvalidArgument);
    CHECK(code(task["opaque"]["x"]) == ErrorCode::NotFound);
    CHECK(code(task.as_struct("nothing")) == ErrorCode::NotFound);
    CHECK(code(task.container("task", "nothing")) == ErrorCode::NotFound);
    CHECK(code(task["pairs"].at(~0ull)) == ErrorCode::InvalidArgument);
    CHECK(code(world.at("mm_struct", excluded_at)["total_vm"]) == ErrorCode::PageExcluded);
    CHECK(world.at("task", excluded_at)["comm"].string().error().code == ErrorCode::PageExcluded);
    CHECK(world.at("task", excluded_at)["comm"].bytes().error().code == ErrorCode::PageExcluded);
    CHECK_FALSE(task["no_such"].ok());
    CHECK(task["no_such"].error()->code == ErrorCode::NotFound);
    CHECK(task["no_such"].checked_address().error().code == ErrorCode::NotFound);
    CHECK(task["no_such"].size() == 0);
    CHECK_FALSE(task["no_such"].has("x"));
    CHECK(task["no_such"].u64_or(5) == 5);
    CHECK(task["no_such"].i64_or(-5) == -5);
}

TEST_CASE("sizes that only a damaged type can have are refused") {
    BtfBuilder b;
    const auto u8 = b.integer("char", 1);
    auto huge = u8;
    for (int i = 0; i < 6; ++i) huge = b.structure("", 1 << 28, {{"x", b.array(huge, ~0u), 0}});
    b.structure("outer", 1 << 28, {{"inside", b.array(huge, ~0u), 0}, {"wide", huge, 0, 255}});
    const auto types = open_btf(b.bytes(), "BTF");
    REQUIRE(types);
    const SparseMemory memory;
    const Object outer(memory, **types, (*types)->find_struct("outer").value(), memory.base());
    CHECK(outer.bytes().error().code == ErrorCode::Corrupt);
    CHECK(outer["inside"].bytes().error().code == ErrorCode::Corrupt);
    CHECK_FALSE(outer["inside"].at(~0ull >> 1).u64());
    CHECK(outer["wide"].u64().error().code == ErrorCode::Unsupported);
    CHECK_FALSE(outer["inside"].string());
}

TEST_CASE("a field finds its member once and reads it from any object") {
    for (const Endian endian : {Endian::Little, Endian::Big}) {
        const World world(endian);
        const auto field = [&](std::initializer_list<std::string_view> paths) {
            return Field::find(*world.types, "task", paths);
        };
        CHECK(field({"s8"})->i64(world.memory, task_at).value() == -2);
        CHECK(field({"u8"})->u64(world.memory, task_at).value() == 0xfe);
        CHECK(field({"s16"})->i64(world.memory, task_at).value() == -3);
        CHECK(field({"s32"})->i64(world.memory, task_at).value() == -4);
        CHECK(field({"u32"})->u64(world.memory, task_at).value() == 0xfffffffc);
        CHECK(field({"s64"})->i64(world.memory, task_at).value() == -5);
        CHECK(field({"mm"})->u64(world.memory, task_at).value() == mm_at);
        CHECK(field({"tasks.prev"})->offset() == 96);
        CHECK(field({"nothing", "tasks.next"})->offset() == 88);
        CHECK(field({"comm"})->elements() == 16);
        CHECK(field({"comm"})->address_in(task_at) == task_at + 24);
        CHECK(field({"comm"})->u64(world.memory, task_at).error().code == ErrorCode::InvalidArgument);
        CHECK(field({"pairs"})->element(2, 8).offset() == 56 + 16);
        CHECK(field({"u32"})->u64_or(world.memory, excluded_at, 7) == 7);
        CHECK(field({"u32"})->u64(world.memory, excluded_at).error().code == ErrorCode::PageExcluded);
        CHECK(field({"nothing"}).error().code == ErrorCode::NotFound);
        CHECK(field({"tasks.nothing"}).error().code == ErrorCode::NotFound);
        CHECK(field({"u32.nothing"}).error().code == ErrorCode::NotFound);
        CHECK(Field::find(*world.types, "nothing", {"x"}).error().code == ErrorCode::NotFound);
        CHECK(Field::find(*world.types, "bits", {"first"}).error().code == ErrorCode::NotFound);
        CHECK_FALSE(Field().present());
        CHECK(Field().u64(world.memory, task_at).error().code == ErrorCode::NotFound);
    }
}

}  // namespace object_test
