#include "support/fake_xen.h"

#include <elf.h>

#include "support/byte_writer.h"

namespace postmortem::test {
namespace {

// vcpu_guest_context of x86_64: every eight bytes say where they are
Buffer cpu_contexts(const XenShape& shape) {
    ByteWriter out(shape.machine.endian);
    for (std::uint32_t cpu = 0; cpu < shape.cpus; ++cpu)
        for (std::size_t at = 0; at < 5168; at += 8) out.put(xen_register(cpu, at));
    return out.bytes;
}

Buffer xen_notes(const FakeMemory& memory, const XenShape& shape) {
    ByteWriter header(shape.machine.endian), version(shape.machine.endian);
    header.put<std::uint64_t>(shape.paravirtual ? 0xf00febed : 0xf00febee);
    header.put<std::uint64_t>(shape.cpus)
        .put<std::uint64_t>(memory.pages.size())
        .put<std::uint64_t>(memory.page_size);
    version.put<std::uint64_t>(4).put<std::uint64_t>(17).put_text(".2", 16).zeros(1200);
    return make_notes({{"Xen", 0x2000000, {}},
                       {"Xen", 0x2000001, header.bytes},
                       {"Xen", 0x2000002, version.bytes},
                       {"Xen", 0x2000003, Buffer(8)}},
                      shape.machine.endian);
}

}  // namespace

std::uint64_t xen_register(std::uint32_t cpu, std::size_t at) {
    return (0xabc0000ull + at) << 8 | cpu;
}

// As libxl writes it: notes, contexts, pages, their numbers, names; the table of sections follows the header.
Buffer make_xen_core(const FakeMemory& memory, const XenShape& shape) {
    ByteWriter pages(shape.machine.endian), numbers(shape.machine.endian);
    for (const auto& [pfn, page] : memory.pages) {
        pages.put(Bytes(page));
        numbers.put(pfn);
        if (shape.paravirtual) numbers.put(pfn + 0x100000);
    }
    struct Section {
        std::string name;
        Buffer bytes;
    };
    const std::string map = shape.paravirtual ? ".xen_p2m" : ".xen_pfn";
    std::vector<Section> sections = {{"", {}},
                                     {".shstrtab", {}},
                                     {".note.Xen", xen_notes(memory, shape)},
                                     {".xen_prstatus", cpu_contexts(shape)},
                                     {".xen_pages", pages.bytes},
                                     {map, numbers.bytes}};
    ByteWriter names(shape.machine.endian);
    std::vector<std::uint32_t> name_at;
    for (const Section& section : sections) {
        name_at.push_back(static_cast<std::uint32_t>(names.bytes.size()));
        names.put(section.name).zeros(1);
    }
    sections[1].bytes = names.bytes;

    ByteWriter out(shape.machine.endian);
    out.put(ELFMAG).put<std::uint8_t>(ELFCLASS64);
    out.put<std::uint8_t>(shape.machine.endian == Endian::Little ? ELFDATA2LSB : ELFDATA2MSB);
    out.put<std::uint8_t>(EV_CURRENT).zeros(9);
    out.put<std::uint16_t>(ET_CORE).put(shape.machine.elf).put<std::uint32_t>(EV_CURRENT);
    out.put<std::uint64_t>(0).put<std::uint64_t>(0).put<std::uint64_t>(64).put<std::uint32_t>(0);
    out.put<std::uint16_t>(64).put<std::uint16_t>(0).put<std::uint16_t>(0).put<std::uint16_t>(64);
    out.put(static_cast<std::uint16_t>(sections.size())).put<std::uint16_t>(1);
    std::uint64_t at = 64 + 64 * sections.size();
    for (std::size_t i = 0; i < sections.size(); ++i) {
        const std::uint64_t size = sections[i].bytes.size();
        out.put(name_at[i])
            .put<std::uint32_t>(i == 0 ? SHT_NULL : SHT_PROGBITS)
            .put<std::uint64_t>(0)
            .put<std::uint64_t>(0);
        out.put(at)
            .put(size)
            .put<std::uint32_t>(0)
            .put<std::uint32_t>(0)
            .put<std::uint64_t>(0)
            .put<std::uint64_t>(0);
        at += size;
    }
    for (const Section& section : sections) out.put(Bytes(section.bytes));
    return out.bytes;
}

}  // namespace postmortem::test
