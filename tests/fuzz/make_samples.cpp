// Fills a folder with what tests/fuzz/campaign damages: real dumps, in every format and container that there
// is a writer of, logs, type files, kernel images, lists of known crashes.
//   make_samples FOLDER [DUMP...]     (by default the dumps of testdata/)
//   make_samples --matrix FOLDER      writes the matrix of kdump-compressed files, for other readers to be
//   held against (tests/lab/kdumpfile)
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "dump/dump_file.h"
#include "kernel/kernel.h"
#include "support/cached_kernels.h"
#include "support/files.h"
#include "support/kdump_matrix.h"
#include "support/pack_file.h"
#include "support/pack_page.h"
#include "support/places.h"
#include "support/real_dumps.h"
#include "support/sample_dumps.h"
#include "types/type_file.h"

namespace fs = std::filesystem;
using namespace postmortem;
using namespace postmortem::test;

namespace {

// Stretches of zeros become holes: a machine state of VMware is as large as the machine.
void write(const fs::path& path, Bytes file) {
    fs::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    constexpr std::size_t piece_size = 65536;
    for (std::size_t at = 0; at < file.size(); at += piece_size) {
        const Bytes piece = file.subspan(at, std::min(piece_size, file.size() - at));
        if (std::all_of(piece.begin(), piece.end(), [](std::byte b) { return b == std::byte{0}; })) continue;
        out.seekp(static_cast<std::streamoff>(at));
        out.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    }
    out.close();
    if (!out) throw std::runtime_error("cannot write " + path.string());
    fs::resize_file(path, file.size());
}

void write(const fs::path& path, std::string_view text) {
    write(path, as_bytes(text));
}

FakeMemory memory_of(const DumpFile& dump) {
    FakeMemory memory;
    memory.page_size = dump.page_size();
    memory.max_pfn = dump.info().max_pfn;
    Buffer scratch(dump.page_size());
    for (auto pfn = dump.next_frame(0); pfn; pfn = dump.next_frame(*pfn + 1)) {
        const auto page = dump.page(*pfn * dump.page_size(), scratch);
        if (page && page->bytes.size() == dump.page_size())
            memory.pages[*pfn] = Buffer(page->bytes.begin(), page->bytes.end());
    }
    return memory;
}

// As it lies in a machine's memory; an extract has it in its header alone.
void put_vmcoreinfo(FakeMemory& memory, std::string_view text) {
    if (text.size() > memory.page_size) return;
    std::uint64_t pfn = 1;
    while (memory.pages.contains(pfn)) ++pfn;
    Buffer& page = memory.pages[pfn] = Buffer(memory.page_size);
    std::copy(as_bytes(text).begin(), as_bytes(text).end(), page.begin());
}

std::vector<FakeNote> notes_of(const DumpFile& dump) {
    std::vector<FakeNote> notes;
    for (const Note& note : dump.notes())
        notes.push_back({std::string(note.name), note.type, Buffer(note.desc.begin(), note.desc.end())});
    return notes;
}

KdumpShape shape_of(const DumpFile& dump) {
    KdumpShape shape;
    shape.vmcoreinfo = dump.vmcoreinfo();
    shape.notes = notes_of(dump);
    return shape;
}

void write_split(const fs::path& folder, const DumpFile& dump, const FakeMemory& memory) {
    KdumpShape shape = shape_of(dump);
    shape.split = true;
    for (int part = 0; part < 3; ++part) {
        shape.start_pfn = memory.max_pfn * static_cast<unsigned>(part) / 3;
        shape.end_pfn = memory.max_pfn * static_cast<unsigned>(part + 1) / 3;
        write(folder / ("part" + std::to_string(part)), make_kdump(memory, shape));
    }
}

void write_raw(const fs::path& folder, const std::string& name, const FakeMemory& memory) {
    const std::vector<FakeSegment> segments = segments_of(memory);
    const auto longest = std::max_element(segments.begin(), segments.end(), [](const auto& a, const auto& b) {
        return a.bytes.size() < b.bytes.size();
    });
    write(folder / (name + "." + std::to_string(longest->paddr)), longest->bytes);
}

void convert(const fs::path& folder, const fs::path& path, const std::string& name) {
    const auto dump = open_dump(path);
    if (!dump) throw std::runtime_error(dump.error().message);
    FakeMemory memory = memory_of(**dump);
    put_vmcoreinfo(memory, (*dump)->vmcoreinfo());
    const Buffer elf = make_elf(segments_of(memory), {fake_machines().front(), notes_of(**dump)});
    write(folder / "plain" / (name + ".elf"), elf);
    write(folder / "formats" / (name + ".elf.flat"), make_flattened(flat_records(elf, 1 << 16)));
    for (const Codec codec : {Codec::Raw, Codec::Lzo, Codec::Snappy, Codec::Zstd}) {
        if (!can_pack(codec)) continue;
        KdumpShape shape = shape_of(**dump);
        shape.codec = codec;
        write(folder / (codec == Codec::Raw ? "plain" : "formats") /
                  (name + ".kdump-" + std::string(to_string(codec))),
              make_kdump(memory, shape));
    }
    write(folder / "formats" / (name + ".kdump.flat"),
          make_flattened(flat_records(make_kdump(memory, shape_of(**dump)), 1 << 16)));
    for (const SampleDump& sample : bare_sample_dumps(memory))
        write(folder / (sample.name == "lime" || sample.name == "qemu" ? "plain" : "formats") /
                  (name + "." + sample.name),
              sample.file);
    write_split(folder / "split" / name, **dump, memory);
    write_raw(folder / "raw", name, memory);
}

void write_containers(const fs::path& folder, const fs::path& dump) {
    const std::string content = file_contents(dump);
    for (const Packing packing : packings)
        write(folder / name_of(packing), pack_file(packing, as_bytes(content)));
    const Buffer file(as_bytes(content).begin(), as_bytes(content).end());
    const std::vector<FakeMember> members = {{"case/vmcore-dmesg.txt", Buffer(100, std::byte{'x'})},
                                             {"case/vmcore", file}};
    for (const TarStyle style : {TarStyle::Plain, TarStyle::GnuSparse, TarStyle::PaxSparse})
        write(folder / ("tar-" + std::to_string(static_cast<int>(style))), make_tar(members, style));
    write(folder / "tar-gz", pack_file(Packing::Gzip, make_tar(members)));
    for (const int method : {0, 8})
        write(folder / ("zip-" + std::to_string(method)), make_zip(members, method));
}

void write_types(const fs::path& folder, const fs::path& path, const std::string& name) {
    const auto dump = open_dump(path);
    const auto kernel = Kernel::open(path, {});
    if (!dump || !kernel) return;
    write(folder / (name + ".types"), pack(make_type_file((*kernel)->types(), (*kernel)->build(), "BTF", 8)));
}

void write_small(const fs::path& folder) {
    const FakeMemory memory = make_memory(14);
    for (const SampleDump& sample : sample_dumps(memory)) write(folder / sample.name, sample.file);
    for (const SampleDump& sample : bare_sample_dumps(memory)) write(folder / sample.name, sample.file);
    for (const SampleDump& sample : flat_sample_dumps(memory)) write(folder / sample.name, sample.file);
}

void write_known(const fs::path& folder) {
    write(folder / "list.yaml",
          "- id: 3f2a9c1b7d04\n  title: \"kernel BUG in .*\"\n  frames: [labcrash_.*, \"^vfs_\"]\n  log: "
          "\"I/O error, dev sd\"\n"
          "  kernel: \">=5.10, <6.1.50\"\n  verdict: known\n  link: https://bugs.example/1\n  note: what to "
          "tell\n"
          "- id: [3f2a9c1b7d04, aaaaaaaaaaaa]\n  verdict: fixed\n- log: \"sysrq: Trigger a crash\"\n  "
          "verdict: ignore\n");
    write(folder / "nested.yaml",
          "- &a {title: &t \"(a|b)*c{2,3}[^x]+\", frames: [[a], {b: c}]}\n- *a\n- <<: *a\n  log: *t\n");
}

void write_logs(const fs::path& folder, const fs::path& logs) {
    fs::create_directories(folder);
    for (const auto& entry : fs::recursive_directory_iterator(logs))
        if (entry.is_regular_file())
            fs::copy_file(entry.path(), folder / entry.path().filename(),
                          fs::copy_options::overwrite_existing);
}

// The files, the parts of split sets in a folder; and `memory`: frame numbers (little-endian, 8 bytes), each
// before its page.
void write_matrix(const fs::path& folder) {
    for (const auto& [frames, page_size] : {std::pair{40u, 4096u}, {10u, 65536u}}) {
        const FakeMemory memory = make_memory(frames, page_size);
        const fs::path place = folder / std::to_string(page_size);
        Buffer truth;
        for (const auto& [pfn, page] : memory.pages) {
            std::array<std::byte, 8> number;
            store(number.data(), pfn, Endian::Little);
            truth.insert(truth.end(), number.begin(), number.end());
            truth.insert(truth.end(), page.begin(), page.end());
        }
        write(place / "memory", truth);
        for (const KdumpWay& way : kdump_matrix(memory)) {
            const std::vector<Buffer> files = write_kdump_way(memory, way);
            for (std::size_t part = 0; part < files.size(); ++part)
                write(place / way.name() / std::to_string(part), files[part]);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    if (argc == 3 && argv[1] == std::string_view("--matrix")) {
        write_matrix(argv[2]);
        return 0;
    }
    const fs::path folder = argv[1];
    std::vector<fs::path> dumps(argv + 2, argv + argc);
    if (dumps.empty()) dumps = real_dumps("vmcore");
    for (const fs::path& dump : dumps) {
        const std::string name = dump.parent_path().filename().string();
        std::printf("%s\n", name.c_str());
        write(folder / "dumps" / name, as_bytes(file_contents(dump)));
        write_types(folder / "types", dump, name);
        if (&dump - dumps.data() < 3 || name.starts_with("i386")) convert(folder, dump, name);
    }
    write_containers(folder / "containers", dumps.front());
    write_small(folder / "small");
    write_known(folder / "known");
    write_logs(folder / "logs", source_dir() / "testdata/logs");
    for (const auto& entry : fs::directory_iterator(fixtures()))
        write(folder / "vmlinux" / entry.path().filename(), as_bytes(file_contents(entry.path())));
    return 0;
}
