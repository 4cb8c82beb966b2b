// A damaged vmlinux costs an error that names it, never more.
#include <filesystem>
#include <random>

#include <doctest/doctest.h>

#include "support/elf_builder.h"
#include "support/files.h"
#include "support/places.h"
#include "support/temp_dir.h"
#include "symbols/dwarf_file.h"
#include "symbols/source_lines.h"
#include "types/dwarf.h"

namespace vmlinux_damage_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

void damage(std::string& content, std::mt19937& random) {
    for (auto i = 1 + random() % 6; i > 0; --i) {
        // Two thirds of the damage goes where libdw reads: behind the first page, which holds headers and
        // code.
        const std::size_t page = 0x1000;
        const bool anywhere = random() % 3 == 0 || content.size() <= page;
        char& byte =
            content[anywhere ? random() % content.size() : page + random() % (content.size() - page)];
        switch (random() % 3) {
            case 0: byte = static_cast<char>(byte ^ (1 << random() % 8)); break;
            case 1: byte = static_cast<char>(random()); break;
            default: byte = random() % 2 != 0 ? '\xff' : '\0'; break;
        }
    }
    if (random() % 20 == 0) content.resize(random() % content.size());
}

void visit(const TypeFinder& types, TypeId id, unsigned depth) {
    const Type& type = types.get(id);
    if (depth == 0) return;
    for (const Member& member : type.members) visit(types, member.type, depth - 1);
    if (type.target != 0) visit(types, type.target, depth - 1);
}

/// Everything that a vmlinux is asked for.
void use(const fs::path& path) {
    const auto vmlinux = Vmlinux::open(path, std::nullopt);
    if (!vmlinux) {
        CHECK(vmlinux.error().message.starts_with(path.string() + ": "));
        return;
    }
    (void)(*vmlinux)->build();
    (void)(*vmlinux)->btf();
    if (const auto symbols = (*vmlinux)->symbols(0x1000)) {
        (void)(*symbols)->address_of("fixture_entry");
        (void)(*symbols)->containing(0x402000);
    }
    if (const auto types = open_dwarf(**vmlinux)) {
        for (const char* name : {"FixtureOuter", "FixtureOpaque", "FixtureInner", "FixtureColour",
                                 "fixture_word", "absent_name"})
            for (const TypeKind kind : {TypeKind::Struct, TypeKind::Enum, TypeKind::Typedef})
                if (const auto id = (*types)->find(kind, name)) visit(**types, *id, 4);
    }
    if (const auto lines = SourceLines::open(**vmlinux)) {
        for (std::uint64_t address = 0x401000; address < 0x401040; address += 3) {
            const auto frames = (*lines)->at(address);
            CHECK((!frames || !frames->empty()));
        }
    }
}

std::string with_compressed_section(std::uint32_t type, std::uint64_t size) {
    const Elf64_Chdr header{type, 0, size, 1};
    test::ElfBuilder elf;
    elf.add_section(
        ".debug_info", SHT_PROGBITS, SHF_COMPRESSED, 0,
        std::string(reinterpret_cast<const char*>(&header), sizeof header) + std::string(100, 'x'));
    return elf.build();
}

}  // namespace

TEST_CASE("damaged files end in an error or an answer") {
    const test::TempDir folder;
    for (const std::string kind :
         {"dwarf2", "dwarf4", "dwarf4_units", "dwarf5", "dwarf5_units", "compressed"}) {
        CAPTURE(kind);
        const std::string whole = test::file_contents(test::fixtures() / ("fixture_" + kind));
        REQUIRE_FALSE(whole.empty());
        for (unsigned seed = 0; seed < 200; ++seed) {
            CAPTURE(seed);
            std::mt19937 random(seed);
            std::string content = whole;
            damage(content, random);
            use(folder.write("vmlinux", content));
        }
    }
}

TEST_CASE("compressed sections are checked before libelf unpacks them") {
    const test::TempDir folder;
    const auto refusal = [&](std::uint32_t type, std::uint64_t size) {
        const auto vmlinux =
            Vmlinux::open(folder.write("vmlinux", with_compressed_section(type, size)), std::nullopt);
        REQUIRE(vmlinux);
        const auto dwarf = (*vmlinux)->dwarf();
        REQUIRE_FALSE(dwarf);
        return dwarf.error();
    };
    const Error impossible = refusal(ELFCOMPRESS_ZLIB, 1ull << 40);
    CHECK(impossible.code == ErrorCode::Corrupt);
    CHECK(impossible.message.find("impossible size") != std::string::npos);

    constexpr std::uint32_t zstd = 2, unheard_of = 77;
    CHECK(refusal(unheard_of, 500).code == ErrorCode::Unsupported);
    CHECK(refusal(zstd, 500).message.find("zstd") != std::string::npos);
    CHECK(refusal(zstd, 500).message.find("objcopy --decompress-debug-sections") != std::string::npos);
}

}  // namespace vmlinux_damage_test
