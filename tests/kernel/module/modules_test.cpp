// Modules of every layout that struct module has had, their symbols, and lists that break.
#include "kernel/module/modules.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/kernel.h"
#include "support/fake_kernel.h"

namespace modules_test {

using namespace postmortem;
using namespace std::string_view_literals;
using test::FakeKernel;

namespace {

enum class Era { ModuleCore, CoreLayout, Memory };

constexpr std::uint64_t list_offset = 8, name_offset = 24, taints_offset = 80, ranges_offset = 96;
constexpr std::uint64_t symbols_offset = 224;

struct Modules {
    explicit Modules(Era which = Era::Memory) : era(which) {
        auto& b = fake.types();
        const auto u8 = b.integer("char", 1), u32 = b.integer("int", 4), u64 = b.integer("long", 8);
        const auto list = b.structure("list_head", 16, {{"next", u64, 0}, {"prev", u64, 64}});
        std::vector<test::BtfMember> members = {{"list", list, list_offset * 8},
                                                {"name", b.array(u8, 56), name_offset * 8},
                                                {"taints", u64, taints_offset * 8}};
        const auto add = [&](const char* name, std::uint32_t type, std::uint64_t offset) {
            members.push_back({name, type, static_cast<std::uint32_t>(offset * 8)});
        };
        if (era == Era::ModuleCore) {
            add("module_core", u64, ranges_offset);
            add("module_init", u64, ranges_offset + 8);
            add("core_size", u32, ranges_offset + 16);
            add("init_size", u32, ranges_offset + 20);
            add("symtab", u64, symbols_offset);
            add("num_symtab", u32, symbols_offset + 8);
            add("strtab", u64, symbols_offset + 16);
        } else {
            const auto piece = b.structure(era == Era::Memory ? "module_memory" : "module_layout", 16,
                                           {{"base", u64, 0}, {"size", u32, 64}});
            const auto table = b.structure(
                "mod_kallsyms", 24, {{"symtab", u64, 0}, {"num_symtab", u32, 64}, {"strtab", u64, 128}});
            if (era == Era::Memory) {
                add("mem", b.array(piece, 7), ranges_offset);
            } else {
                add("core_layout", piece, ranges_offset);
                add("init_layout", piece, ranges_offset + 16);
            }
            add("kallsyms", b.pointer(table), symbols_offset);
        }
        b.structure("module", 256, members);
        head = fake.variable("modules", 16);
    }

    std::uint64_t add(std::string_view name, std::uint64_t text, std::uint32_t size) {
        const std::uint64_t at = fake.allocate_page(256);
        fake.write(at + name_offset, std::string(name) + '\0');
        fake.put_u64(at + ranges_offset, text);
        if (era == Era::ModuleCore) {
            fake.put<std::uint32_t>(at + ranges_offset + 16, size);
        } else {
            fake.put<std::uint32_t>(at + ranges_offset + 8, size);
        }
        modules.push_back(at);
        return at;
    }

    // Symbols as an ELF symbol table: offset in the module's text, name.
    void add_symbols(std::uint64_t module, std::uint64_t text,
                     const std::vector<std::pair<std::uint64_t, std::string>>& symbols,
                     std::string_view infos = {}) {
        const std::uint64_t table = fake.allocate(24 * (symbols.size() + 1));
        std::string names(1, '\0');
        for (std::size_t i = 0; i < symbols.size(); ++i) {
            const std::uint64_t at = table + 24 * (i + 1);
            fake.put(at, static_cast<std::uint32_t>(names.size()));
            if (i < infos.size()) fake.put(at + 4, static_cast<std::uint8_t>(infos[i]));
            fake.put<std::uint16_t>(at + 6, 1);
            fake.put_u64(at + 8, text + symbols[i].first);
            names += symbols[i].second + '\0';
        }
        const std::uint64_t strings = fake.allocate(names.size());
        fake.write(strings, names);
        std::uint64_t place = module + symbols_offset;
        if (era != Era::ModuleCore) {
            place = fake.allocate(24);
            fake.put_u64(module + symbols_offset, place);
        }
        fake.put_u64(place, table);
        fake.put(place + 8, static_cast<std::uint32_t>(symbols.size() + 1));
        fake.put_u64(place + 16, strings);
    }

    std::unique_ptr<Kernel> open() {
        // The newest module is the first of the list.
        std::vector<std::uint64_t> nodes;
        for (auto at = modules.rbegin(); at != modules.rend(); ++at) nodes.push_back(*at + list_offset);
        fake.link_list(head, nodes);
        for (const auto& [at, value] : last_changes) fake.put_u64(at, value);
        return fake.open();
    }

    Era era;
    FakeKernel fake;
    std::uint64_t head = 0;
    std::vector<std::uint64_t> modules;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> last_changes;
};

std::vector<std::string> names_of(const Kernel& kernel) {
    std::vector<std::string> names;
    for (const Module& module : kernel.modules().all()) names.push_back(module.name);
    return names;
}

constexpr std::uint64_t text = 0xffffffffc0000000ull;

}  // namespace

TEST_CASE("modules of every era, oldest first, with their symbols") {
    for (const Era era : {Era::ModuleCore, Era::CoreLayout, Era::Memory}) {
        Modules modules(era);
        const std::uint64_t ext4 = modules.add("ext4", text, 0x8000);
        modules.add("virtio_blk", text + 0x10000, 0x4000);
        modules.fake.put_u64(ext4 + taints_offset, 1u << 12);
        modules.add_symbols(ext4, text,
                            {{0x100, "ext4_read"},
                             {0x20, "ext4_open"},
                             {0x100, "ext4_alias"},
                             {0x30, "$x"},
                             {0x40, ".L1"},
                             {0x50, ""},
                             {0x9000, "beyond"}});
        const auto kernel = modules.open();
        CHECK(names_of(*kernel) == std::vector<std::string>{"ext4", "virtio_blk"});
        CHECK(kernel->modules().problems().empty());
        const Module& module = kernel->modules().all()[0];
        CHECK(module.address == ext4);
        CHECK(module.base() == text);
        CHECK(module.taints == 1u << 12);
        CHECK(kernel->modules().find(text + 0x7fff) == &module);
        CHECK(kernel->modules().find(text + 0x8000) == nullptr);

        const auto hit = kernel->symbol_at(text + 0x104);
        REQUIRE(hit);
        CHECK(hit->symbol.name == "ext4_read");
        CHECK(hit->symbol.address == text + 0x100);
        CHECK(hit->module == "ext4");
        CHECK(kernel->symbol_at(text + 0x60)->symbol.name == "ext4_open");
        CHECK(kernel->symbol_at(text + 0x10).error().code == ErrorCode::NotFound);
        CHECK_FALSE(kernel->symbol_at(text + 0x10100));  // a module without symbols
        CHECK_FALSE(kernel->symbol_at(text + 0x20000000));
        CHECK(kernel->symbol_at(0xffffffff81000001ull)->module.empty());
    }
}

TEST_CASE("before 5.2 each symbol's letter lies in its st_info; what an ELF file has there is none") {
    Modules modules(Era::CoreLayout);
    const std::uint64_t zram = modules.add("zram", text, 0x8000);
    modules.add_symbols(zram, text,
                        {{0x100, "zram_read"},
                         {0x4000, "backends"},
                         {0x5000, "zram_devices"},
                         {0x6000, "odd"},
                         {0x200, "from_file"}},
                        "trb?\x12");
    const auto kernel = modules.open();
    const auto type_at = [&](std::uint64_t offset) { return kernel->symbol_at(text + offset)->symbol.type; };
    CHECK(type_at(0x100) == 't');
    CHECK(type_at(0x4000) == 'r');
    CHECK(type_at(0x5000) == 'b');
    CHECK(type_at(0x6000) == '?');
    CHECK(type_at(0x200) == 't');
}

TEST_CASE("a kernel without modules has none, and that is no problem") {
    FakeKernel fake;
    CHECK(fake.open()->modules().all().empty());
    Modules none;
    const auto kernel = none.open();
    CHECK(kernel->modules().all().empty());
    CHECK(kernel->modules().problems().empty());
}

TEST_CASE("a break in the list is bridged from the other end, a loop ends, nothing comes twice") {
    const auto fill = [](Modules& modules) {
        for (std::uint64_t i = 0; i < 6; ++i) modules.add(fmt::format("m{}", i), text + i * 0x10000, 0x1000);
    };
    Modules broken;
    fill(broken);
    broken.last_changes = {{broken.modules[2] + list_offset + 8, 0xdead000000000122ull}};
    auto kernel = broken.open();
    CHECK(names_of(*kernel) == std::vector<std::string>{"m0", "m1", "m2", "m3", "m4", "m5"});
    CHECK(kernel->modules().problems().size() >= 1);

    Modules looping;
    fill(looping);
    looping.last_changes = {{looping.modules[4] + list_offset + 8, looping.modules[1] + list_offset}};
    kernel = looping.open();
    CHECK(names_of(*kernel) == std::vector<std::string>{"m0", "m1", "m2", "m3", "m4", "m5"});
    REQUIRE_FALSE(kernel->modules().problems().empty());
    CHECK(kernel->modules().problems()[0].code == ErrorCode::Corrupt);

    Modules lost;
    fill(lost);
    lost.fake.exclude(lost.modules[3]);
    kernel = lost.open();
    CHECK(names_of(*kernel) == std::vector<std::string>{"m0", "m1", "m2", "m4", "m5"});
    for (const Error& problem : kernel->modules().problems()) CHECK(problem.code == ErrorCode::PageExcluded);
    CHECK(kernel->modules().problems().size() == 3);  // the list from either end, and the module
}

TEST_CASE("a module that claims the whole address space does not get it") {
    Modules modules;
    modules.add("greedy", 1, ~0u);
    modules.add("honest", text, 0x1000);
    const auto kernel = modules.open();
    CHECK(names_of(*kernel) == std::vector<std::string>{"greedy", "honest"});
    CHECK(kernel->modules().find(0x1000000) == nullptr);
    CHECK(kernel->modules().find(text) != nullptr);
    REQUIRE(kernel->modules().problems().size() == 1);
    CHECK(kernel->modules().problems()[0].message.find("greedy") != std::string::npos);
}

TEST_CASE("symbol tables that cannot be are refused, and unreadable ones say why") {
    Modules modules;
    const std::uint64_t module = modules.add("ext4", text, 0x8000);
    modules.add_symbols(module, text, {{0x20, "ext4_open"}});
    const std::uint64_t endless = modules.add("endless", text + 0x10000, 0x8000);
    const std::uint64_t table = modules.fake.allocate(24);
    modules.fake.put_u64(endless + symbols_offset, table);
    modules.fake.put<std::uint32_t>(table + 8, 0x7fffffff);
    const std::uint64_t wild = modules.add("wild", text + 0x20000, 0x8000);
    modules.fake.put_u64(wild + symbols_offset, 0xdead000000000000ull);
    const auto kernel = modules.open();
    CHECK(kernel->symbol_at(text + 0x20)->symbol.name == "ext4_open");
    CHECK(kernel->symbol_at(text + 0x10020).error().code == ErrorCode::Corrupt);
    CHECK(kernel->symbol_at(text + 0x20020).error().code == ErrorCode::NotMapped);
}

TEST_CASE("a list without modules needs no types to be told") {
    for (const bool is_empty : {true, false}) {
        test::FakeKernel fake;
        const std::uint64_t head = fake.variable("modules", 16);
        fake.link_list(head, is_empty ? std::vector<std::uint64_t>() : std::vector{fake.allocate(64)});
        const auto kernel = fake.open();
        CHECK(kernel->modules().problems().empty() == is_empty);
    }
}

}  // namespace modules_test
