// Every layout of the kallsyms tables, with and without keys that tell where they lie, whole and damaged.
#include "symbols/kallsyms.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <random>

#include <doctest/doctest.h>

#include "support/kallsyms_builder.h"

namespace kallsyms_test {

using namespace postmortem;
using test::KallsymsAddresses;
using test::KallsymsImage;
using test::KallsymsShape;
using test::SparseMemory;

namespace {

constexpr std::uint64_t image = 0xffffffff81000000ull;
constexpr std::uint64_t image_size = 16ull << 20;
constexpr std::uint64_t tables = image + (8ull << 20);

// The eras of Linux; `keys` says that VMCOREINFO tells where the tables lie.
struct Era {
    const char* name;
    KallsymsShape shape;
    bool keys;
    bool percpu_absolute;
};

const std::vector<Era>& eras() {
    using enum KallsymsAddresses;
    static const std::vector<Era> all = {
        {"before 4.6", {Absolute, false, false, 8}, false, true},
        {"4.6 to 4.19", {AbsolutePercpu, false, false, 8}, false, true},
        {"4.6 to 4.19, no SMP", {FromBase, false, false, 8}, false, false},
        {"4.20 to 5.19", {AbsolutePercpu, false, false, 4}, false, true},
        {"4.20 to 5.19, no SMP", {FromBase, false, false, 4}, false, false},
        {"6.0, 6.1", {AbsolutePercpu, false, false, 4}, true, true},
        {"6.1.59 to 6.3", {AbsolutePercpu, false, true, 4}, true, true},
        {"6.4 to 6.14", {AbsolutePercpu, true, true, 4}, true, true},
        {"6.15", {FromBase, true, true, 4}, true, false},
        {"7.x", {RelativeToItself, true, true, 4, 0, 4}, true, false},
    };
    return all;
}

// Names of every length, several symbols at one address, several symbols of one name.
std::vector<Symbol> make_symbols(bool percpu_absolute, std::size_t count = 1500) {
    std::vector<Symbol> symbols;
    if (percpu_absolute)
        for (std::uint64_t i = 0; i < 20; ++i)
            symbols.push_back({"per_cpu_variable_" + std::to_string(i), i * 0x40, 'D'});
    std::uint64_t address = image;
    symbols.push_back({"_text", address, 'T'});
    symbols.push_back({"_stext", address, 'T'});
    for (std::uint64_t i = 0; symbols.size() < count; ++i) {
        address += 0x10 + i % 7 * 0x20;
        symbols.push_back({"sys_read_lock_" + std::to_string(i), address, 't'});
        if (i % 50 == 0) symbols.push_back({"__alias_of_" + std::to_string(i), address, 'T'});
        if (i % 100 == 0) symbols.push_back({"twin", address + 8, 'd'});
    }
    symbols.push_back({"x", address += 0x100, 'B'});
    symbols.push_back({"big_" + std::string(300, 'q'), address += 0x100, 'r'});
    symbols.push_back({"_end", address += 0x1000, 'B'});
    return symbols;
}

struct Table {
    explicit Table(const Era& era, Endian endian = Endian::Little)
        : memory(image, image_size, endian), symbols(make_symbols(era.percpu_absolute)) {
        // Text before the tables, and something else behind them, as in a kernel.
        memory.write(image, std::string(0x2000, '\xcc'));
        written = write_kallsyms(memory, tables, symbols, era.shape);
        memory.write(written.last, std::string(0x3000, 'z'));
        location = written.location;
        if (era.keys) location.markers = 0;
    }

    Result<std::unique_ptr<SymbolTable>> open() const { return open_kallsyms(memory, location, image); }

    SparseMemory memory;
    std::vector<Symbol> symbols;
    KallsymsImage written;
    KallsymsLocation location;
};

void check_lookups(const SymbolTable& table, const std::vector<Symbol>& symbols) {
    std::map<std::string, std::uint64_t> first_of_name;
    std::map<std::uint64_t, const Symbol*> first_at;
    for (const Symbol& symbol : symbols) {
        first_of_name.emplace(symbol.name, symbol.address);
        first_at.emplace(symbol.address, &symbol);
    }
    for (const auto& [name, address] : first_of_name) {
        CAPTURE(name);
        REQUIRE(table.address_of(name));
        CHECK(table.address_of(name).value() == address);
    }
    for (auto at = first_at.begin(); at != first_at.end(); ++at) {
        const auto& [address, symbol] = *at;
        if (address >> 63 == 0) continue;
        const auto next = std::next(at);
        for (const std::uint64_t inside : {address, address + 7}) {
            const auto hit = table.containing(inside);
            REQUIRE(hit);
            CHECK(hit->symbol.name == symbol->name);
            CHECK(hit->symbol.address == address);
            CHECK(hit->symbol.type == symbol->type);
            CHECK(hit->size == (next == first_at.end() ? 0 : next->first - address));
        }
    }
}

}  // namespace

TEST_CASE("every layout gives every symbol, by name and by address") {
    for (const Era& era : eras()) {
        CAPTURE(era.name);
        const Table table(era);
        const auto opened = table.open();
        REQUIRE(opened);
        check_lookups(**opened, table.symbols);

        std::size_t index = 0;
        CHECK((*opened)->for_each([&](const Symbol& symbol) {
            REQUIRE(index < table.symbols.size());
            CHECK(symbol.name == table.symbols[index].name);
            CHECK(symbol.address == table.symbols[index].address);
            CHECK(symbol.type == table.symbols[index].type);
            return ++index > 0;
        }));
        CHECK(index == table.symbols.size());
        std::size_t seen = 0;
        CHECK((*opened)->for_each([&](const Symbol&) { return ++seen < 3; }));
        CHECK(seen == 3);
    }
}

TEST_CASE("what is not there is not found") {
    for (const Era& era : eras()) {
        CAPTURE(era.name);
        const Table table(era);
        const auto opened = table.open();
        REQUIRE(opened);
        for (const char* name : {"", "sys_read_lock_", "no_such_symbol", "~", "_stext_", "_stex"})
            CHECK((*opened)->address_of(name).error().code == ErrorCode::NotFound);
        // Per-CPU values are no addresses, and nothing below the image is covered.
        for (const std::uint64_t address : {0ull, 0x48ull, 0xffff888000000000ull, 0xffffffff80ffffffull})
            CHECK((*opened)->containing(address).error().code == ErrorCode::NotFound);
    }
}

TEST_CASE("tables that VMCOREINFO does not name are found in the image") {
    for (const Era& era : eras()) {
        if (era.keys) continue;
        CAPTURE(era.name);
        const Table table(era);
        const auto found = find_kallsyms(table.memory, image, image + image_size);
        REQUIRE(found);
        CHECK(found->names == table.location.names);
        CHECK(found->num_syms == table.location.num_syms);
        CHECK(found->markers == table.location.markers);
        CHECK(found->marker_size == table.location.marker_size);
        CHECK(found->token_table == table.location.token_table);
        CHECK(found->token_index == table.location.token_index);
        CHECK(found->offsets == table.location.offsets);
        CHECK(found->relative_base == table.location.relative_base);
        CHECK(found->addresses == table.location.addresses);
    }
}

TEST_CASE("every order, alignment and number of symbols: no table is taken for another") {
    // Odd and even numbers of blocks; last blocks of one name, of a few, and full; at every place in 16
    // bytes.
    for (const Era& era : eras())
        for (const std::uint64_t alignment : {4u, 8u})
            for (const std::size_t count :
                 {200u, 255u, 256u, 257u, 512u, 513u, 514u, 766u, 767u, 768u, 769u, 1023u})
                for (const std::uint64_t shift : {0u, 4u, 8u, 12u}) {
                    // A word is never aligned to less.
                    const bool has_words = era.shape.addresses != KallsymsAddresses::RelativeToItself;
                    if (has_words && !era.keys && alignment < 8) continue;
                    CAPTURE(era.name);
                    CAPTURE(alignment);
                    CAPTURE(count);
                    CAPTURE(shift);
                    KallsymsShape shape = era.shape;
                    shape.alignment = alignment;
                    auto symbols = make_symbols(era.percpu_absolute, count - 3);
                    REQUIRE(symbols.size() == count);
                    SparseMemory memory(image, image_size);
                    auto written = write_kallsyms(memory, tables + shift, symbols, shape);
                    memory.write(written.last, std::string(0x1000, 'z'));
                    auto location = written.location;
                    location.markers = 0;
                    if (!era.keys) {
                        const auto found = find_kallsyms(memory, image, image + image_size);
                        // With fewer names than a block there is no second marker to find them by.
                        if (count < 257) continue;
                        REQUIRE(found);
                        location = *found;
                        // Two markers of 8 bytes read as well as two of 4.
                        if (count > 512) CHECK(location.markers == written.location.markers);
                    }
                    const auto opened = open_kallsyms(memory, location, image);
                    REQUIRE(opened);
                    for (std::size_t i = 0; i < count; i += 17) {
                        if (symbols[i].name == "twin") continue;
                        const auto address = (*opened)->address_of(symbols[i].name);
                        REQUIRE(address);
                        CHECK(*address == symbols[i].address);
                    }
                }
}

TEST_CASE("markers that stand in an order nobody has seen are found behind the names") {
    const Era& era = eras().back();
    SparseMemory memory(image, image_size);
    auto written = write_kallsyms(memory, tables, make_symbols(false), era.shape);
    // The tokens moved far away: nothing leads back from them to the markers.
    const auto index = memory.memory().bytes(written.location.token_index, 512);
    const auto text = memory.memory().bytes(written.location.token_table,
                                            written.location.token_index - written.location.token_table);
    REQUIRE(index);
    REQUIRE(text);
    KallsymsLocation location = written.location;
    location.markers = 0;
    location.token_table = tables + (1 << 20);
    location.token_index = location.token_table + text->size();
    memory.write(location.token_table, *text);
    memory.write(location.token_index, *index);
    const auto opened = open_kallsyms(memory, location, image);
    REQUIRE(opened);
    check_lookups(**opened, make_symbols(false));
}

TEST_CASE("the tables of a 32-bit kernel, whose words and alignment are four bytes") {
    constexpr std::uint64_t low_image = 0xc1000000, low_tables = low_image + (8 << 20);
    for (const auto kind :
         {KallsymsAddresses::Absolute, KallsymsAddresses::FromBase, KallsymsAddresses::AbsolutePercpu})
        for (const std::size_t count : {600u, 766u, 769u}) {
            CAPTURE(static_cast<int>(kind));
            CAPTURE(count);
            auto symbols = make_symbols(kind == KallsymsAddresses::AbsolutePercpu, count);
            for (Symbol& symbol : symbols)
                if (symbol.address >= image) symbol.address -= image - low_image;
            SparseMemory memory(low_image, image_size);
            KallsymsShape shape{kind, false, false, 4, 0, 4, 4};
            write_kallsyms(memory, low_tables, symbols, shape);
            const auto found = find_kallsyms(memory, low_image, low_image + image_size, 4);
            REQUIRE(found);
            const auto opened = open_kallsyms(memory, *found, low_image);
            REQUIRE(opened);
            CHECK((*opened)->address_of("_end").value() == symbols.back().address);
            CHECK((*opened)->address_of(symbols.front().name).value() == symbols.front().address);
            CHECK((*opened)->containing(symbols.back().address + 4)->symbol.name == "_end");
        }
}

TEST_CASE("tables are found wherever a page boundary cuts them") {
    const auto symbols = make_symbols(true);
    for (std::uint64_t shift = 0; shift < 4096; shift += 8 * 13) {
        SparseMemory memory(image, image_size);
        const KallsymsImage written =
            write_kallsyms(memory, tables + shift, symbols, {KallsymsAddresses::AbsolutePercpu});
        const auto found = find_kallsyms(memory, image, image + image_size);
        REQUIRE(found);
        CHECK(found->names == written.location.names);
        CHECK(found->offsets == written.location.offsets);
    }
}

TEST_CASE("a big-endian machine's tables are found and read") {
    for (const Era& era : eras()) {
        CAPTURE(era.name);
        Table table(era, Endian::Big);
        if (!era.keys) {
            const auto found = find_kallsyms(table.memory, image, image + image_size);
            REQUIRE(found);
            table.location = *found;
        }
        const auto opened = table.open();
        REQUIRE(opened);
        CHECK((*opened)->address_of("_end").value() == table.symbols.back().address);
    }
}

TEST_CASE("an image without tables says so, and a senseless range is not searched") {
    SparseMemory memory(image, image_size);
    memory.write(image, std::string(1 << 20, '0'));
    CHECK(find_kallsyms(memory, image, image + image_size).error().code == ErrorCode::NotFound);
    CHECK(find_kallsyms(memory, image, image).error().code == ErrorCode::Corrupt);
    CHECK(find_kallsyms(memory, 0, ~0ull).error().code == ErrorCode::Corrupt);
    CHECK(find_kallsyms(memory, image + 4096, image).error().code == ErrorCode::Corrupt);
}

TEST_CASE("a table that places _stext elsewhere is refused") {
    for (const Era& era : eras()) {
        CAPTURE(era.name);
        const Table table(era);
        const auto wrong = open_kallsyms(table.memory, table.location, image + 0x200000);
        REQUIRE_FALSE(wrong);
        CHECK(wrong.error().code == ErrorCode::Corrupt);
        CHECK(open_kallsyms(table.memory, table.location, 0));
    }
}

TEST_CASE("impossible claims are refused before anything is sized by them") {
    const Table table(eras()[7]);
    for (const std::uint32_t count : {(1u << 23) + 1, ~0u}) {
        SparseMemory memory(image, image_size);
        KallsymsShape shape = eras()[7].shape;
        shape.symbols_claimed = count;
        const KallsymsImage written = write_kallsyms(memory, tables, table.symbols, shape);
        CHECK(open_kallsyms(memory, written.location, image).error().code == ErrorCode::Corrupt);
    }
    for (const std::uint64_t index : {table.location.token_table, table.location.token_table + (1 << 20)}) {
        KallsymsLocation wrong = table.location;
        wrong.token_index = index;
        CHECK(open_kallsyms(table.memory, wrong, image).error().code == ErrorCode::Corrupt);
    }
    CHECK_FALSE(open_kallsyms(table.memory, {}, image));
}

TEST_CASE("a page of names that is lost costs its names and their neighbours, and never says not found") {
    for (const Era& era : eras()) {
        CAPTURE(era.name);
        Table table(era);
        const std::uint64_t lost = (table.location.names + 0x2000) & ~0xfffull;
        table.memory.fail_page(lost, ErrorCode::PageMissing);
        const auto opened = table.open();
        REQUIRE(opened);
        std::size_t found = 0;
        for (const Symbol& symbol : table.symbols) {
            const auto address = (*opened)->address_of(symbol.name);
            if (address) {
                ++found;
            } else {
                CHECK(address.error().code == ErrorCode::PageMissing);
            }
        }
        CHECK(found > table.symbols.size() / 3);
        CHECK(found < table.symbols.size());
        std::size_t visited = 0;
        const auto walked = (*opened)->for_each([&](const Symbol&) { return ++visited > 0; });
        REQUIRE_FALSE(walked);
        CHECK(walked.error().code == ErrorCode::PageMissing);
        CHECK(visited > table.symbols.size() / 3);
    }
}

TEST_CASE("a name index that is lost or out of order is done without") {
    for (const Era& era : eras()) {
        if (!era.shape.name_order) continue;
        CAPTURE(era.name);
        Table table(era);
        // The second half of the index, so that "_stext" (in front) still finds it.
        const std::uint64_t middle = table.written.name_order + 3 * (table.symbols.size() * 2 / 3);
        std::string zeros(3 * 300, '\0');
        table.memory.write(middle, zeros);
        const auto opened = table.open();
        REQUIRE(opened);
        check_lookups(**opened, table.symbols);
    }
}

TEST_CASE("damaged tables give an answer or an error, in bounded time") {
    std::mt19937_64 random(1);
    std::size_t opened_tables = 0, refused = 0;
    for (const Era& era : eras()) {
        CAPTURE(era.name);
        const Table whole(era);
        const std::uint64_t size = whole.written.last - tables;
        const auto bytes = whole.memory.memory().bytes(tables, size);
        REQUIRE(bytes);
        for (int round = 0; round < 150; ++round) {
            std::vector<std::byte> damaged = *bytes;
            for (int i = 0; i < 1 + round % 20; ++i) {
                const std::uint64_t at = random() % size, length = random() % 3 * 32 + 1;
                for (std::uint64_t k = at; k < std::min(size, at + length); ++k)
                    damaged[k] = length == 33 ? std::byte{0xff} : static_cast<std::byte>(random());
            }
            SparseMemory memory(image, image_size);
            memory.write(tables, damaged);
            if (round % 10 == 0) memory.fail_page(tables + random() % size, ErrorCode::PageMissing);

            const auto start = std::chrono::steady_clock::now();
            KallsymsLocation location = whole.location;
            if (!era.keys) {
                const auto found = find_kallsyms(memory, tables, image + image_size);
                if (found) location = *found;
            }
            const auto opened = open_kallsyms(memory, location, image);
            ++(opened ? opened_tables : refused);
            if (opened) {
                for (std::size_t i = 0; i < whole.symbols.size(); i += 97) {
                    (void)(*opened)->address_of(whole.symbols[i].name);
                    (void)(*opened)->containing(whole.symbols[i].address + 1);
                }
                (void)(*opened)->for_each([](const Symbol&) { return true; });
            }
            CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
        }
    }
    CHECK(opened_tables > 100);
    CHECK(refused > 100);
}

TEST_CASE("a table of a million names that all look alike does not take forever") {
    SparseMemory memory(image, 64ull << 20);
    // One symbol's name is one token long; all share a name and an address.
    constexpr std::uint32_t count = 1u << 20;
    std::vector<Symbol> few = make_symbols(false, 600);
    const KallsymsImage written = write_kallsyms(memory, tables, few, {KallsymsAddresses::FromBase});
    KallsymsLocation location = written.location;
    location.num_syms = image + (32ull << 20);
    location.names = location.num_syms + 8;
    location.markers = location.names + 3ull * count;
    location.offsets = location.markers + 4 * (count / 256) + 64;
    memory.put<std::uint32_t>(location.num_syms, count);
    std::string names;
    for (std::uint32_t i = 0; i < count; ++i) names += "\x02Tx";
    memory.write(location.names, names);
    for (std::uint32_t i = 0; i < count / 256; ++i)
        memory.put<std::uint32_t>(location.markers + 4ull * i, i * 256 * 3);
    std::string offsets(4ull * count, '\0');
    memory.write(location.offsets, offsets);

    const auto start = std::chrono::steady_clock::now();
    const auto opened = open_kallsyms(memory, location, 0);
    REQUIRE(opened);
    CHECK((*opened)->address_of("x").value() == image);
    CHECK((*opened)->address_of("y").error().code == ErrorCode::NotFound);
    CHECK((*opened)->containing(image + 5));
    CHECK_FALSE(open_kallsyms(memory, location, image));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

}  // namespace kallsyms_test
