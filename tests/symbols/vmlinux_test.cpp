#include "symbols/vmlinux.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "support/elf_builder.h"
#include "support/temp_dir.h"

namespace vmlinux_test {

using namespace postmortem;
using namespace std::string_literals;

namespace {

constexpr std::uint64_t text = 0xffffffff81000000, data = 0xffffffff82400000, slide = 0x1c000000;
const std::string build_id(20, '\xab');
const std::string build_id_hex = [] {
    std::string hex;
    for (int i = 0; i < 20; ++i) hex += "ab";
    return hex;
}();

/// A vmlinux with one of every kind of symbol.
std::string small_vmlinux() {
    test::ElfBuilder elf;
    const auto code =
        elf.add_section(".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text, std::string(0x100, '\x90'));
    const auto constants =
        elf.add_section(".rodata", SHT_PROGBITS, SHF_ALLOC, text + 0x200000,
                        "Linux version %s (%s)\0Linux version 6.1.0-test (me@here) #1 SMP\n"s);
    const auto writable =
        elf.add_section(".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, data, std::string(0x100, '\0'));
    const auto zeroed =
        elf.add_section(".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, data + 0x1000, std::string(0x100, '\0'));
    const auto per_cpu =
        elf.add_section(".data..percpu", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0, std::string(0x100, '\0'));
    const auto debug = elf.add_section(".debug_info", SHT_PROGBITS, 0, 0, "?");
    elf.add_section(".BTF", SHT_PROGBITS, SHF_ALLOC, text + 0x300000, "types");
    elf.add_build_id(build_id);

    elf.add_symbol("_text", text, code, STT_NOTYPE);
    elf.add_symbol("_stext", text, code, STT_NOTYPE);
    elf.add_symbol("__do_work", text + 0x10, code);
    elf.add_symbol("do_work", text + 0x10, code);
    elf.add_symbol("alias_of_work", text + 0x10, code, STT_FUNC, STB_WEAK);
    elf.add_symbol("__start_notes", text + 0x10, code, STT_NOTYPE);
    elf.add_symbol("twice", text + 0x60, code, STT_FUNC, STB_LOCAL);
    elf.add_symbol("twice", text + 0x40, code, STT_FUNC, STB_LOCAL);
    elf.add_symbol("linux_banner", text + 0x200016, constants, STT_OBJECT);
    elf.add_symbol("init_task", data + 0x40, writable, STT_OBJECT);
    elf.add_symbol("zeroes", data + 0x1010, zeroed, STT_OBJECT, STB_LOCAL);
    elf.add_symbol("current_task", 0x40, per_cpu, STT_OBJECT);
    elf.add_symbol("a_constant", 0x1ea, SHN_ABS, STT_NOTYPE);
    elf.add_symbol(".Llocal", text + 0x20, code, STT_NOTYPE, STB_LOCAL);
    elf.add_symbol("__crc_do_work", 0x12345678, SHN_ABS, STT_NOTYPE);
    elf.add_symbol("undefined", 0, SHN_UNDEF);
    elf.add_symbol("main.c", 0, SHN_ABS, STT_FILE, STB_LOCAL);
    elf.add_symbol("in_debug_info", 0, debug);
    return elf.build();
}

std::unique_ptr<Vmlinux> open_small(const test::TempDir& folder, std::string_view content) {
    auto opened = Vmlinux::open(folder.write("vmlinux", content), std::nullopt);
    REQUIRE(opened);
    return std::move(*opened);
}

std::string message_of(const test::TempDir& folder, std::string_view content,
                       const std::optional<std::string>& wanted = std::nullopt) {
    const auto path = folder.write("given", content);
    const auto opened = Vmlinux::open(path, wanted);
    REQUIRE_FALSE(opened);
    const std::string& message = opened.error().message;
    CHECK(message.starts_with(path.string() + ": "));
    CHECK(message.find('\n') == std::string::npos);
    return message.substr(path.string().size() + 2);
}

std::string upper_case(std::string hex) {
    for (char& c : hex)
        if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
    return hex;
}

bool contains(std::string_view text_in, std::string_view part) {
    return text_in.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("what is no vmlinux is refused with what it is instead") {
    const test::TempDir folder;
    std::string boot_image(0x400, '\0');
    boot_image.replace(0x202, 4, "HdrS");
    CHECK(contains(message_of(folder, boot_image), "a compressed boot image (vmlinuz)"));
    CHECK(contains(message_of(folder, "MZ\0\0zimg"s + std::string(100, ' ')), "vmlinuz"));
    CHECK(contains(message_of(folder, "\x1f\x8b\x08 and more"), "gzip"));
    CHECK(contains(message_of(folder, "KDUMP   \6\0\0\0"), "a crash dump, not a vmlinux"));
    CHECK(message_of(folder, "just text") == "not an ELF file");
    CHECK(message_of(folder,
                     "\x7f"
                     "ELF") == "its ELF header is truncated or damaged");
    CHECK(message_of(folder, "") == "an empty file");

    test::ElfBuilder elf;
    elf.add_section(".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text, "code");
    CHECK(contains(message_of(folder, test::ElfBuilder(elf).build(ET_CORE)), "core dump"));
    CHECK(contains(message_of(folder, test::ElfBuilder(elf).build(ET_REL)), "kernel module"));
    CHECK(contains(message_of(folder, test::ElfBuilder(elf).build()), "stripped"));

    const auto missing = Vmlinux::open(folder.path() / "nowhere", std::nullopt);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::Io);
    CHECK_FALSE(Vmlinux::open(folder.path(), std::nullopt));
}

TEST_CASE("a vmlinux of another build is refused with both build-ids") {
    const test::TempDir folder;
    const auto path = folder.write("vmlinux", small_vmlinux());
    CHECK(Vmlinux::open(path, build_id_hex));
    CHECK(Vmlinux::open(path, upper_case(build_id_hex)));
    const std::string other = "0123456789abcdef0123456789abcdef01234567";
    const auto refused = Vmlinux::open(path, other);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::InvalidArgument);
    CHECK(contains(refused.error().message, path.string()));
    CHECK(contains(refused.error().message, other));
    CHECK(contains(refused.error().message, build_id_hex));

    test::ElfBuilder nameless;
    nameless.add_section(".BTF", SHT_PROGBITS, SHF_ALLOC, text, "types");
    CHECK(contains(message_of(folder, nameless.build(), other), "no build-id"));
}

TEST_CASE("symbols are those that the kernel would list, where the running kernel has them") {
    const test::TempDir folder;
    const auto vmlinux = open_small(folder, small_vmlinux());
    const auto symbols = vmlinux->symbols(slide);
    REQUIRE(symbols);
    const SymbolTable& table = **symbols;

    CHECK(table.address_of("do_work") == text + slide + 0x10);
    CHECK(table.address_of("init_task") == data + slide + 0x40);
    CHECK(table.address_of("twice") == text + slide + 0x40);  // the first of two
    CHECK(table.address_of("current_task") == 0x40);          // an offset into each CPU's area
    CHECK(table.address_of("a_constant") == 0x1ea);
    for (const char* absent : {".Llocal", "__crc_do_work", "undefined", "main.c", "in_debug_info", ""})
        CHECK_FALSE(table.address_of(absent));

    // The kernel's own choice among names of one address, scripts/kallsyms.c.
    const auto hit = table.containing(text + slide + 0x3f);
    REQUIRE(hit);
    CHECK(hit->symbol.name == "do_work");
    CHECK(hit->symbol.type == 'T');
    CHECK(hit->size == 0x30);
    std::vector<std::string> in_order;
    REQUIRE(table.for_each([&](const Symbol& symbol) {
        in_order.push_back(symbol.name + "/" + symbol.type);
        return symbol.name != "linux_banner";
    }));
    CHECK(in_order == std::vector<std::string>{"current_task/A", "a_constant/A", "_stext/T", "_text/T",
                                               "do_work/T", "__do_work/T", "__start_notes/T",
                                               "alias_of_work/W", "twice/t", "twice/t", "linux_banner/R"});
    CHECK(table.containing(data + slide + 0x1011)->symbol.type == 'b');
    CHECK(table.containing(data + slide + 0x50)->symbol.type == 'D');
    CHECK_FALSE(table.containing(0x41));
    CHECK_FALSE(table.containing(text + slide - 1));
}

TEST_CASE("release and BTF come out of their sections") {
    const test::TempDir folder;
    const auto vmlinux = open_small(folder, small_vmlinux());
    CHECK(vmlinux->build().release == "6.1.0-test");
    const auto btf = vmlinux->btf();
    REQUIRE(btf);
    CHECK(as_text(*btf) == "types");

    test::ElfBuilder bare;
    bare.add_section(".debug_info", SHT_PROGBITS, 0, 0, "?");
    const auto without = open_small(folder, bare.build());
    CHECK(without->build().release.empty());
    CHECK(without->btf().error().code == ErrorCode::NotFound);
    CHECK(without->symbols(0).error().code == ErrorCode::MissingDebugInfo);
    CHECK(contains(without->symbols(0).error().message, "stripped"));
}

TEST_CASE("a truncated vmlinux is called truncated") {
    const test::TempDir folder;
    const std::string whole = small_vmlinux();
    for (std::size_t size = SELFMAG; size < whole.size(); size += 7) {
        const std::string message = message_of(folder, std::string_view(whole).substr(0, size));
        CAPTURE(size);
        CHECK(contains(message, "truncated"));
    }
}

}  // namespace vmlinux_test
