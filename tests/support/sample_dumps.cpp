#include "support/sample_dumps.h"

#include <elf.h>

#include "support/pack_page.h"

namespace postmortem::test {

std::vector<SampleDump> sample_dumps(const FakeMemory& memory) {
    std::vector<SampleDump> samples;
    const std::string text =
        "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff82a1b460\nNUMBER(phys_base)=-4096\n";
    const Bytes vmcoreinfo = as_bytes(text);
    const std::vector<FakeNote> notes = {{"CORE", NT_PRSTATUS, Buffer(336, std::byte{1})},
                                         {"QEMU", 0, Buffer(440, std::byte{2})},
                                         {"VMCOREINFO", 0, Buffer(vmcoreinfo.begin(), vmcoreinfo.end())}};
    for (const Codec codec : {Codec::Raw, Codec::Zlib, Codec::Lzo, Codec::Snappy, Codec::Zstd}) {
        if (!can_pack(codec)) continue;
        KdumpShape shape;
        shape.codec = codec;
        shape.notes = notes;
        samples.push_back({"kdump-" + std::string(to_string(codec)), make_kdump(memory, shape)});
    }
    for (const FakeMachine& machine : fake_machines()) {
        KdumpShape shape;
        shape.machine = machine;
        shape.notes = notes;
        samples.push_back({"kdump-" + machine.name, make_kdump(memory, shape)});
        samples.push_back(
            {"elf-" + machine.name, make_elf(segments_of(memory), {machine, notes, false, false})});
    }
    samples.push_back(
        {"elf-many-segments", make_elf(segments_of(memory), {fake_machines()[0], notes, true, false})});
    KdumpShape old;
    old.signature = "DISKDUMP";
    old.version = 1;
    samples.push_back({"diskdump", make_kdump(memory, old)});
    samples.push_back({"flattened-kdump", make_flattened(flat_records(make_kdump(memory, {}), 1000))});
    samples.push_back(
        {"flattened-elf", make_flattened(flat_records(make_elf(segments_of(memory), {}), 1000))});
    return samples;
}

}  // namespace postmortem::test
