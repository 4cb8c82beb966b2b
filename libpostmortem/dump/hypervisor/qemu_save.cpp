#include "dump/hypervisor/qemu_save.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <elf.h>
#include <fmt/format.h>

#include "dump/container/member_source.h"
#include "dump/frame_runs.h"
#include "dump/hypervisor/qemu_cpu.h"
#include "dump/hypervisor/qemu_machine.h"

namespace postmortem {
namespace {

constexpr std::string_view qemu_magic("QEVM\0\0\0\3", 8);

class QemuSave final : public DumpFile {
  public:
    QemuSave(std::unique_ptr<ByteSource> source, QemuStream stream, QemuMachine machine)
        : source_(std::move(source)), stream_(std::move(stream)), machine_(std::move(machine)) {
        problems_ = source_->origin().problems;
        problems_.insert(problems_.end(), stream_.problems.begin(), stream_.problems.end());
        for (const std::string& block : machine_.left_out)
            problems_.emplace_back(
                ErrorCode::PageMissing,
                fmt::format("at which address the machine had its RAM \"{}\" is not known; it is left out",
                            block));
        describe();
        if (machine_.elf_machine == EM_X86_64)
            for (const VirtualCpu& cpu : read_qemu_cpus(*source_, stream_.devices_at))
                note_storage_.push_back(qemu_note_of(cpu));
        for (const auto& note : note_storage_) notes_.push_back({virtual_cpu_note, 0, note});
        if (notes_.empty())
            problems_.emplace_back(ErrorCode::NotFound,
                                   "the registers of the saved machine's processors were not found");
    }

    const DumpInfo& info() const override { return info_; }
    std::uint32_t page_size() const override { return qemu_page_size; }
    Endian endian() const override { return machine_.endian; }
    std::uint16_t machine() const override { return machine_.elf_machine; }
    std::string_view vmcoreinfo() const override { return {}; }
    const std::vector<Note>& notes() const override { return notes_; }
    const std::vector<Error>& problems() const override { return problems_; }
    void add_problem(Error problem) override { problems_.push_back(std::move(problem)); }

    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override {
        if (scratch.size() < qemu_page_size)
            return fail(ErrorCode::InvalidArgument, "the buffer for a page is smaller than a page", paddr);
        const QemuMemoryRange* range = range_from(paddr);
        if (!range || paddr < range->begin)
            return fail(ErrorCode::NoSuchMemory, "the machine had no memory at this address", paddr);
        const std::uint64_t page = range->first_page + (paddr - range->begin) / qemu_page_size;
        const QemuPageRun* run = run_from(page);
        if (run == end_of_runs() || run->first_page > page) return never_sent(paddr);
        if (run->at == 0) {
            std::memset(scratch.data(), 0, qemu_page_size);
            return PageBytes{scratch.first(qemu_page_size), 0};
        }
        const std::uint64_t at = run->at + (page - run->first_page) * qemu_page_stride;
        const auto bytes = source_->read(at, qemu_page_size, scratch);
        if (!bytes)
            return fail(ErrorCode::PageMissing, "the file is truncated before the page's data", paddr);
        return PageBytes{*bytes, 0};
    }

    std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const override {
        const std::uint64_t address = std::min<std::uint64_t>(pfn, ~0ull / qemu_page_size) * qemu_page_size;
        for (const QemuMemoryRange* range = range_from(address); range && range != end_of_ranges(); ++range) {
            const std::uint64_t from = std::max(address, range->begin);
            const std::uint64_t page = range->first_page + (from - range->begin) / qemu_page_size;
            const QemuPageRun* run = run_from(page);
            if (run == end_of_runs()) continue;
            const std::uint64_t found = std::max(page, run->first_page) - range->first_page;
            if (found < (range->end - range->begin) / qemu_page_size)
                return range->begin / qemu_page_size + found;
        }
        return std::nullopt;
    }

    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const override {
        for (const QemuMemoryRange& range : machine_.memory) {
            const std::uint64_t first = std::max(range.begin / qemu_page_size, first_pfn);
            const std::uint64_t end = std::min(range.end / qemu_page_size, first_pfn + bits.size() * 8);
            for (std::uint64_t pfn = first; pfn < end; ++pfn)
                bits[(pfn - first_pfn) / 8] |= std::byte{1} << (pfn - first_pfn) % 8;
        }
    }

    // QEMU leaves no page out: what was not sent before the file ends is lost.
    void each_lost_run(const FrameRunVisitor& visit) const override {
        if (stream_.problems.empty()) return;
        FrameRuns runs(visit);
        for (const QemuMemoryRange& range : machine_.memory)
            runs.add({range.begin / qemu_page_size, range.end / qemu_page_size});
    }

  private:
    void describe() {
        info_.file = source_->origin().file;
        info_.files = {info_.file};
        info_.format = source_->origin().wrapping + "saved QEMU machine";
        info_.max_pfn = machine_.memory.back().end / qemu_page_size;
        info_.header = {{"machine type", stream_.machine}};
        for (const QemuRamBlock& block : stream_.blocks)
            info_.header.push_back({"RAM " + block.name, fmt::format("{} bytes", block.bytes)});
    }

    tl::unexpected<Error> never_sent(std::uint64_t paddr) const {
        if (!stream_.problems.empty())
            return fail(ErrorCode::PageMissing, "the page is not in the part of the file that could be read",
                        paddr);
        return fail(ErrorCode::PageExcluded, "the saved machine was written without this page", paddr);
    }

    // The range that holds the address, or else the next one.
    const QemuMemoryRange* range_from(std::uint64_t address) const {
        const auto found = std::upper_bound(machine_.memory.begin(), machine_.memory.end(), address,
                                            [](std::uint64_t a, const auto& range) { return a < range.end; });
        return found == machine_.memory.end() ? nullptr : &*found;
    }
    const QemuMemoryRange* end_of_ranges() const { return machine_.memory.data() + machine_.memory.size(); }
    const QemuPageRun* run_from(std::uint64_t page) const {
        return stream_.pages.data() +
               (std::upper_bound(stream_.pages.begin(), stream_.pages.end(), page,
                                 [](std::uint64_t p, const auto& run) { return p < run.end_page(); }) -
                stream_.pages.begin());
    }
    const QemuPageRun* end_of_runs() const { return stream_.pages.data() + stream_.pages.size(); }

    std::unique_ptr<ByteSource> source_;
    QemuStream stream_;
    QemuMachine machine_;
    std::vector<std::vector<std::byte>> note_storage_;
    DumpInfo info_;
    std::vector<Note> notes_;
    std::vector<Error> problems_;
};

// struct _virQEMUSaveHeader (libvirt's src/qemu/qemu_saveimage.h), in the byte order of the host: magic,
// version, length of the description, whether it was running, how it is compressed, …
constexpr std::string_view libvirt_magic("LibvirtQemudSave"), libvirt_unfinished("LibvirtQemudPart");
constexpr std::uint64_t libvirt_header_size = 92, libvirt_version_at = 16, libvirt_length_at = 20;

}  // namespace

bool looks_like_qemu_save(Bytes head) {
    return as_text(head).starts_with(qemu_magic);
}

Result<std::unique_ptr<DumpFile>> open_qemu_save(std::unique_ptr<ByteSource> source) {
    auto stream = read_qemu_stream(*source);
    if (!stream) return fail(stream.error());
    auto machine = qemu_machine_of(*stream);
    if (!machine) return fail(machine.error());
    return std::make_unique<QemuSave>(std::move(source), std::move(*stream), std::move(*machine));
}

bool looks_like_libvirt_save(Bytes head) {
    return as_text(head).starts_with(libvirt_magic) || as_text(head).starts_with(libvirt_unfinished);
}

Result<std::unique_ptr<ByteSource>> open_libvirt_save(std::unique_ptr<ByteSource> outer) {
    std::array<std::byte, libvirt_header_size> header;
    if (!outer->skim(0, header))
        return fail(ErrorCode::Corrupt, "the saved libvirt machine ends within its header");
    const bool swapped = load<std::uint32_t>(header.data() + libvirt_version_at, Endian::Little) > 0xffff;
    const Endian endian = swapped ? Endian::Big : Endian::Little;
    const std::uint64_t start =
        libvirt_header_size + load<std::uint32_t>(header.data() + libvirt_length_at, endian);
    if (start >= outer->size())
        return fail(ErrorCode::Corrupt, "the saved libvirt machine ends within its description");
    std::shared_ptr<const ByteSource> whole = std::move(outer);
    const std::uint64_t size = whole->size() - start;
    auto inner = make_member(whole, "memory", "libvirt", {{0, size, start}}, size);
    if (as_text(Bytes(header)).starts_with(libvirt_unfinished))
        inner->add_problem({ErrorCode::PageMissing, "libvirt did not get to the end of saving the machine"});
    return inner;
}

}  // namespace postmortem
