#include "dump/hypervisor/vmware_state.h"

#include <algorithm>

#include <elf.h>
#include <fmt/format.h>

#include "dump/hypervisor/vmware_cpu.h"
#include "dump/pages/extent_dump.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::uint32_t, 4> vmware_magics = {0xbed2bed2, 0xbed3bed3, 0xbad1bad1, 0xbad2bad2};
constexpr std::uint32_t vmware_old_magic = 0xbed0bed0;
constexpr std::uint64_t vmware_page = 4096;

// `count` pages from page `in_file` of the stored memory on lie at `pfn`.
struct VmwareRegion {
    std::uint64_t in_file = 0, pfn = 0, count = 0;
};

const VmwareTag* memory_in(const std::vector<VmwareTag>& tags) {
    const auto found = std::find_if(tags.begin(), tags.end(), [](const VmwareTag& tag) {
        return tag.group == "memory" && tag.name == "Memory" && tag.is_block;
    });
    return found == tags.end() ? nullptr : &*found;
}

std::vector<VmwareRegion> regions_of(const std::vector<VmwareTag>& tags) {
    constexpr std::size_t most = 64;
    std::vector<VmwareRegion> regions;
    std::uint64_t count = 0;
    for (const VmwareTag& tag : tags) {
        if (tag.group != "memory" || tag.is_block) continue;
        if (tag.name == "regionsCount") count = std::min<std::uint64_t>(tag.value, most);
        if (tag.index[0] >= most || !tag.name.starts_with("region") || tag.name == "regionsCount") continue;
        if (regions.size() <= tag.index[0]) regions.resize(tag.index[0] + 1);
        VmwareRegion& region = regions[tag.index[0]];
        if (tag.name == "regionPageNum") region.in_file = tag.value;
        if (tag.name == "regionPPN") region.pfn = tag.value;
        if (tag.name == "regionSize") region.count = tag.value;
    }
    regions.resize(std::min<std::uint64_t>(count, regions.size()));
    return regions;
}

class VmwareState final : public ExtentDump {
  public:
    /// `memory` holds it from `start` on, `bytes` of it.
    VmwareState(std::unique_ptr<ByteSource> memory, const fs::path& state, std::uint64_t start,
                std::uint64_t bytes, std::vector<VmwareRegion> regions, std::vector<Error> problems)
        : ExtentDump(std::move(memory), std::move(problems)) {
        if (regions.empty()) regions = {{0, 0, bytes / vmware_page}};
        for (const VmwareRegion& region : regions)
            memory_.add(region.pfn * vmware_page, region.count * vmware_page, region.count * vmware_page,
                        start + region.in_file * vmware_page);
        const fs::path file = source_->origin().file;
        seal("VMware machine state");
        if (file != state) info_.files = {state, file};
        info_.file = state;
        info_.header = {{"memory regions", fmt::format("{}", regions.size())}};
    }

    void add_cpus(const std::vector<VirtualCpu>& cpus) {
        for (const VirtualCpu& cpu : cpus) storage_.push_back(qemu_note_of(cpu));
        for (const auto& note : storage_) notes_.push_back({virtual_cpu_note, 0, note});
    }

    Endian endian() const override { return Endian::Little; }
    std::uint16_t machine() const override { return EM_X86_64; }
    std::string_view vmcoreinfo() const override { return {}; }

  private:
    std::vector<std::vector<std::byte>> storage_;
};

Result<std::unique_ptr<ByteSource>> memory_beside(const fs::path& state) {
    fs::path memory = state;
    memory.replace_extension(".vmem");
    auto file = MappedFile::open(memory);
    if (!file)
        return fail(ErrorCode::NotFound,
                    fmt::format("the memory of the VMware machine lies in a file of its own, "
                                "which is not beside it ({}): {}",
                                memory.filename().string(), file.error().message));
    return std::make_unique<MappedSource>(std::move(*file));
}

}  // namespace

bool looks_like_vmware_state(Bytes head) {
    const auto magic = ByteReader(head, Endian::Little).u32(0);
    return magic && (*magic == vmware_old_magic ||
                     std::find(vmware_magics.begin(), vmware_magics.end(), *magic) != vmware_magics.end());
}

Result<std::unique_ptr<DumpFile>> open_vmware_state(std::unique_ptr<ByteSource> source) {
    std::array<std::byte, 4> magic;
    if (source->skim(0, magic) && load<std::uint32_t>(magic.data(), Endian::Little) == vmware_old_magic)
        return fail(
            ErrorCode::Unsupported,
            "it is a VMware machine state of the old 32-bit kind, which is not read; vmss2core converts it");
    std::vector<Error> problems = source->origin().problems;
    const auto tags = read_vmware_tags(*source, problems);
    if (!tags) return fail(tags.error());
    const std::vector<VirtualCpu> cpus = read_vmware_cpus(*source, *tags);
    const fs::path state = source->origin().file;
    std::uint64_t start = 0, bytes = 0;
    if (const VmwareTag* within = memory_in(*tags)) {
        if (within->is_compressed)
            return fail(
                ErrorCode::Unsupported,
                "the memory of the VMware machine is compressed, which is not read; vmss2core converts it");
        start = within->at;
        bytes = within->bytes;
    } else {
        auto beside = memory_beside(state);
        if (!beside) return fail(beside.error());
        source = std::move(*beside);
        bytes = source->size();
    }
    auto dump = std::make_unique<VmwareState>(std::move(source), state, start, bytes, regions_of(*tags),
                                              std::move(problems));
    dump->add_cpus(cpus);
    return dump;
}

fs::path vmware_state_beside(const fs::path& memory) {
    if (memory.extension() != ".vmem") return {};
    std::error_code ignored;
    for (const char* extension : {".vmss", ".vmsn"}) {
        fs::path state = memory;
        state.replace_extension(extension);
        if (fs::is_regular_file(state, ignored)) return state;
    }
    return {};
}

}  // namespace postmortem
