#include "support/fake_lime.h"
#include "support/fake_lkcd.h"
#include "support/fake_qemu.h"
#include "support/fake_s390.h"
#include "support/fake_sadump.h"
#include "support/fake_vmware.h"
#include "support/fake_xen.h"
#include "support/sample_dumps.h"

namespace postmortem::test {
namespace {

constexpr std::uint64_t bytes_per_mib = 1 << 20;

// With zeros where `memory` has nothing.
FakeMemory without_holes(const FakeMemory& memory) {
    FakeMemory whole = memory;
    whole.excluded.clear();
    for (std::uint64_t pfn = 0; pfn < memory.max_pfn; ++pfn)
        if (!whole.pages.contains(pfn)) whole.pages[pfn] = Buffer(memory.page_size);
    return whole;
}

void add_lkcd(const FakeMemory& memory, std::vector<SampleDump>& samples) {
    for (const LkcdPacking packing : {LkcdPacking::None, LkcdPacking::RunLength, LkcdPacking::Zlib}) {
        LkcdShape shape;
        shape.packing = packing;
        samples.push_back({"lkcd-" + std::to_string(static_cast<int>(packing)), make_lkcd(memory, shape)});
    }
    LkcdShape old;
    old.version = 1;
    old.machine = fake_machines()[2];  // i386
    old.packing = LkcdPacking::RunLength;
    samples.push_back({"lkcd-old", make_lkcd(memory, old)});
}

void add_hypervisors(const FakeMemory& memory, std::vector<SampleDump>& samples) {
    QemuShape qemu;
    qemu.blocks = {{"pc.ram", memory.max_pfn * memory.page_size + bytes_per_mib}};
    const Buffer saved = make_qemu_save(sent_pages(memory, "pc.ram"), qemu);
    samples.push_back({"qemu", saved});
    samples.push_back({"libvirt", make_libvirt_save(saved, "<domain/>")});
    samples.push_back({"xen", make_xen_core(memory, {})});
}

}  // namespace

std::vector<SampleDump> bare_sample_dumps(const FakeMemory& memory) {
    std::vector<SampleDump> samples;
    samples.push_back({"lime", make_lime(stretches_of(memory))});
    add_lkcd(memory, samples);
    SadumpShape media;
    media.media = true;
    samples.push_back({"sadump", make_sadump(memory, {}).front()});
    samples.push_back({"sadump-media", make_sadump(memory, media).front()});
    add_hypervisors(memory, samples);
    return samples;
}

std::vector<SampleDump> flat_sample_dumps(const FakeMemory& memory) {
    const FakeMemory whole = without_holes(memory);
    S390Shape extended;
    extended.extended = true;
    VmwareShape blocks;
    blocks.registers_in_blocks = true;
    return {{"s390", make_s390(whole, {})},
            {"s390-extended", make_s390(whole, extended)},
            {"vmware", make_vmware(whole, {})},
            {"vmware-blocks", make_vmware(whole, blocks)}};
}

}  // namespace postmortem::test
