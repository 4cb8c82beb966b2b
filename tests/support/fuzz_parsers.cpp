#include "support/fuzz_parsers.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <postmortem/known_crashes.h>
#include <postmortem/log_analysis.h>
#include <postmortem/oom.h>
#include <postmortem/panic.h>
#include <postmortem/render.h>
#include <postmortem/render_oom.h>

#include "dump/container/temporary_file.h"
#include "dump/dump_file.h"
#include "dump/notes.h"
#include "dump/pages/codec.h"
#include "dump/vmcoreinfo.h"
#include "support/btf_builder.h"
#include "support/files.h"
#include "support/fuzz_dump.h"
#include "support/fuzz_memory.h"
#include "support/kallsyms_builder.h"
#include "support/memory_source.h"
#include "support/pack_file.h"
#include "support/pack_page.h"
#include "support/places.h"
#include "support/sample_dumps.h"
#include "symbols/source_lines.h"
#include "symbols/vmlinux.h"
#include "types/btf.h"
#include "types/c_declaration.h"
#include "types/dwarf.h"
#include "types/type_file.h"

namespace postmortem::test {
namespace {

void demand(bool condition) {
    if (!condition) std::abort();
}

Buffer buffer_of(std::string_view text) {
    return {as_bytes(text).begin(), as_bytes(text).end()};
}

void run_dump(Bytes input) {
    fuzz_dump(input);
}

std::vector<Buffer> dump_seeds() {
    std::vector<Buffer> seeds;
    const FakeMemory memory = make_memory(14);
    for (const auto& all : {sample_dumps(memory), bare_sample_dumps(memory), flat_sample_dumps(memory)})
        for (const SampleDump& sample : all) seeds.push_back(sample.file);
    return seeds;
}

std::vector<Buffer> container_seeds() {
    const Buffer dump = make_kdump(make_memory(8), {});
    std::vector<Buffer> seeds;
    for (const Packing packing : packings) seeds.push_back(pack_file(packing, dump));
    for (const TarStyle style : {TarStyle::Plain, TarStyle::GnuSparse, TarStyle::PaxSparse})
        seeds.push_back(make_tar({{"case/vmcore", dump}, {"case/vmlinux", Buffer(100)}}, style));
    for (const int method : {0, 8})
        for (const ZipSizes sizes : {ZipSizes::InHeader, ZipSizes::Behind}) {
            seeds.push_back(make_zip({{"vmcore", dump}, {"log.txt", Buffer(50)}}, method, sizes));
            seeds.push_back(seeds.back());
            seeds.back().resize(seeds.back().size() - 30);  // without its end, it is read by headers
        }
    return seeds;
}

void run_notes(Bytes input) {
    for (const Endian endian : {Endian::Little, Endian::Big}) {
        std::vector<Note> notes;
        (void)append_notes(input, endian, notes);
        std::size_t bytes = 0;
        for (const Note& note : notes) bytes += note.name.size() + note.desc.size();
        demand(bytes <= input.size() && vmcoreinfo_in(notes).size() <= input.size());
    }
}

std::vector<Buffer> note_seeds() {
    const std::vector<FakeNote> notes = {{"CORE", 1, Buffer(336)},
                                         {"VMCOREINFO", 0, buffer_of("OSRELEASE=6.1\nPAGESIZE=4096\n")},
                                         {"QEMU", 0, Buffer(440)}};
    return {make_notes(notes, Endian::Little), make_notes(notes, Endian::Big)};
}

void run_vmcoreinfo(Bytes input) {
    const VmcoreInfo info{vmcoreinfo_text(input)};
    for (const char* key : {"phys_base", "OSRELEASE", "init_uts_ns", "KERNELOFFSET", "list_head.next"}) {
        (void)info.string(key);
        (void)info.hex(key);
        (void)info.decimal(key);
        (void)info.symbol(key);
        (void)info.offset(key);
        (void)info.number(key);
    }
}

std::vector<Buffer> vmcoreinfo_seeds() {
    return {buffer_of(
        "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff82a1b460\nKERNELOFFSET=1e000000\n"
        "NUMBER(phys_base)=-4096\nOFFSET(list_head.next)=0\nSIZE(page)=64\nCRASHTIME=1700000000\n")};
}

// The first byte is the codec.
constexpr std::array codecs = {Codec::Zlib, Codec::Lzo, Codec::Snappy, Codec::Zstd, Codec::Raw};

void run_codec(Bytes input) {
    if (input.empty()) return;
    Buffer page(4096);
    (void)decompress(codecs[std::to_integer<std::size_t>(input[0]) % codecs.size()], input.subspan(1), page);
}

std::vector<Buffer> codec_seeds() {
    std::vector<Buffer> seeds;
    const FakeMemory memory = make_memory(14);
    for (std::size_t i = 0; i < codecs.size(); ++i) {
        if (!can_pack(codecs[i])) continue;
        for (const auto& [pfn, page] : memory.pages) {
            Buffer packed = codecs[i] == Codec::Raw ? page : pack_page(codecs[i], page);
            packed.insert(packed.begin(), std::byte(i));
            seeds.push_back(std::move(packed));
        }
    }
    return seeds;
}

void visit(const TypeFinder& types, TypeId id, unsigned depth) {
    const Type& type = types.get(id);
    if (depth == 0) return;
    for (const Member& member : type.members) visit(types, member.type, depth - 1);
    if (type.target != 0) visit(types, type.target, depth - 1);
}

void ask(const TypeFinder& types) {
    for (const char* name : {"task_struct", "list_head", "FixtureOuter", "FixtureInner"}) {
        for (const TypeKind kind : {TypeKind::Struct, TypeKind::Union, TypeKind::Enum, TypeKind::Typedef})
            if (const auto id = types.find(kind, name)) visit(types, *id, 4);
        (void)types.offset_of(name, "pid");
        (void)types.enumerator(name, "one");
    }
    for (const char* name : {"fixture_outer", "fixture_row", "fixture_use_opaque", "fixture_blue", "panic"}) {
        for (const TypeKind kind : {TypeKind::Variable, TypeKind::Function})
            if (const auto id = types.find(kind, name))
                demand(!c_declaration(types, *id, name).text().empty());
        if (const auto owner = types.enum_with(name)) visit(types, *owner, 1);
    }
    (void)types.damage();
}

void run_btf(Bytes input) {
    if (const auto types = open_btf(Buffer(input.begin(), input.end()), "fuzz")) ask(**types);
}

BtfBuilder sample_types() {
    BtfBuilder btf;
    const auto word = btf.integer("long unsigned int", 8);
    const auto function = btf.function("panic", word);
    btf.structure("task_struct", 4096,
                  {{"pid", word, 64},
                   {"next", btf.pointer(btf.const_of(word)), 128},
                   {"comm", btf.array(word, 2), 192}});
    btf.structure("list_head", 16, {{"next", btf.pointer(function), 0}, {"prev", btf.volatile_of(word), 64}});
    return btf;
}

std::vector<Buffer> btf_seeds() {
    return {sample_types().bytes()};
}

void run_type_file(Bytes input) {
    auto file = unpack_type_file(input, "fuzz");
    if (!file) return;
    (void)names_lacking(*file);
    if (const auto types = open_type_file(std::move(*file), "fuzz")) ask(**types);
}

std::vector<Buffer> type_file_seeds() {
    const KernelBuild build{"0123456789abcdef", "6.1.0-test", "Linux version 6.1.0-test (me@here) #1"};
    return {pack(make_type_file(**open_btf(sample_types().bytes(), "BTF"), build, "BTF", 8))};
}

void run_vmlinux(Bytes input) {
    const Attachment file{"fuzz", "fuzz", [input] { return std::make_unique<MemorySource>(input); },
                          std::make_shared<TemporarySpace>("", ~0ull)};
    const auto vmlinux = Vmlinux::open(file, std::nullopt);
    if (!vmlinux) return;
    (void)(*vmlinux)->build();
    if (const auto symbols = (*vmlinux)->symbols(0x1000)) (void)(*symbols)->containing(0x402000);
    if (auto btf = (*vmlinux)->btf()) run_btf(*btf);
    if (const auto types = open_dwarf(**vmlinux)) ask(**types);
    if (const auto lines = SourceLines::open(**vmlinux))
        for (const std::uint64_t address : {0x401000u, 0x401010u, 0x402000u}) (void)(*lines)->at(address);
}

std::vector<Buffer> vmlinux_seeds() {
    std::vector<Buffer> seeds;
    for (const char* name :
         {"fixture_dwarf2", "fixture_dwarf4_units", "fixture_dwarf5", "fixture_compressed"})
        seeds.push_back(buffer_of(file_contents(fixtures() / name)));
    std::erase_if(seeds, [](const Buffer& seed) { return seed.empty(); });
    return seeds;
}

void run_log(Bytes input) {
    const LogAnalysis analysis = analyse_log_text(as_text(input));
    for (const LogEvent& event : analysis.events) demand(!to_known_entry(event).empty());
    for (const OomEvent& event : find_oom_events(as_text(input))) {
        const OomVerdict verdict = explain(event);
        demand(!to_json(event, verdict).empty() && !to_text(event, verdict, 1).empty());
    }
}

std::vector<Buffer> log_seeds() {
    std::vector<Buffer> seeds;
    for (const char* name : {"bookworm-mod-uaf", "sid-mod-spin", "bullseye-oom-panic", "trixie-mod-mutex"})
        seeds.push_back(
            buffer_of(file_contents(source_dir() / "testdata/logs" / (std::string(name) + ".log"))));
    return seeds;
}

void run_known(Bytes input) {
    const auto known = KnownCrashes::parse(as_text(input), "fuzz.yaml");
    if (!known) {
        demand(!known.error().message.empty());
        return;
    }
    KernelLog log;
    (void)known->check(log, "fuzz");
}

std::vector<Buffer> known_seeds() {
    return {buffer_of("- id: [3f2a9c1b7d04, aaaaaaaaaaaa]\n  title: \"kernel BUG in .*\"\n  frames: "
                      "[ext4_.*, \"^vfs_\"]\n"
                      "  log: \"I/O error\"\n  kernel: \">=5.10, <6.1.50\"\n  verdict: known\n  note: x\n"),
            buffer_of("- &a {title: \"(a|b)*c{2,3}[^x]+\"}\n- *a\n")};
}

// A kernel's image with tables of symbols; the input takes its place from the start.
constexpr std::uint64_t image = 0xffffffff81000000, image_size = 0x20000;

Buffer kallsyms_image() {
    std::vector<Symbol> symbols;
    for (std::uint64_t i = 0; i < 300; ++i)
        symbols.push_back({(i == 0 ? "_stext" : "sys_read_" + std::to_string(i)), image + 0x10 * i, 'T'});
    SparseMemory memory(image, image_size);
    const KallsymsImage written = write_kallsyms(memory, image, symbols, {});
    Buffer bytes(written.last - image);
    demand(static_cast<bool>(memory.memory().read(image, bytes)));
    return bytes;
}

void run_kallsyms(Bytes input) {
    SparseMemory memory(image, image_size);
    memory.write(image, as_text(input.first(std::min<std::size_t>(input.size(), image_size))));
    const auto found = find_kallsyms(memory, image, image + image_size);
    if (!found) return;
    const auto table = open_kallsyms(memory, *found, image);
    if (!table) return;
    for (const char* name : {"_stext", "sys_read_7", "absent"}) (void)(*table)->address_of(name);
    for (std::uint64_t at = image; at < image + 0x2000; at += 0x123) (void)(*table)->containing(at);
    std::size_t seen = 0;
    (void)(*table)->for_each([&](const Symbol&) { return ++seen < 100000; });
}

std::vector<Buffer> kallsyms_seeds() {
    return {kallsyms_image()};
}

constexpr ParserTarget targets[] = {
    {"dump", run_dump, dump_seeds},
    {"container", run_dump, container_seeds},
    {"notes", run_notes, note_seeds},
    {"vmcoreinfo", run_vmcoreinfo, vmcoreinfo_seeds},
    {"codec", run_codec, codec_seeds},
    {"btf", run_btf, btf_seeds},
    {"type_file", run_type_file, type_file_seeds},
    {"vmlinux", run_vmlinux, vmlinux_seeds},
    {"kallsyms", run_kallsyms, kallsyms_seeds},
    {"log", run_log, log_seeds},
    {"known", run_known, known_seeds},
    {"printk", run_printk, printk_seeds},
    {"trees", run_trees, tree_seeds},
    {"page_tables", run_page_tables, page_table_seeds},
    {"orc", run_orc, orc_seeds},
    {"unwind", run_unwind, unwind_seeds},
    {"code", run_code, code_seeds},
    {"config", run_config, config_seeds},
    {"carried", run_carried, carried_seeds},
};

}  // namespace

std::span<const ParserTarget> parser_targets() {
    return targets;
}

const ParserTarget* parser_target(std::string_view name) {
    const auto found = std::find_if(std::begin(targets), std::end(targets),
                                    [&](const ParserTarget& target) { return target.name == name; });
    return found == std::end(targets) ? nullptr : found;
}

}  // namespace postmortem::test
