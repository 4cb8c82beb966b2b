#include "support/changed_dump.h"

#include <algorithm>

#include "dump/kdump/kdump_writer.h"
#include "support/places.h"

namespace postmortem::test {

ChangedDump::ChangedDump(std::string_view sample)
    : kernel_(Kernel::open(source_dir() / "testdata/dumps" / sample / "vmcore").value()) {}

void ChangedDump::write(std::uint64_t address, const std::vector<std::byte>& bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
        changes_[kernel_->memory().translate(address + i).value()] = bytes[i];
}

void ChangedDump::fill(const Object& member, std::string_view bytes) {
    std::vector<std::byte> all(member.size());
    const std::size_t length = std::min(bytes.size(), all.size());
    std::memcpy(all.data(), bytes.data(), length);
    write(member.checked_address().value(), all);
}

void ChangedDump::lose(std::uint64_t address) {
    lost_.push_back(kernel_->memory().translate(address).value() / kernel_->dump().page_size());
}

void ChangedDump::save(const std::filesystem::path& target) const {
    const DumpFile& dump = kernel_->dump();
    const std::uint64_t page_size = dump.page_size();
    std::vector<std::uint64_t> frames;
    for (auto pfn = dump.next_frame(0); pfn; pfn = dump.next_frame(*pfn + 1)) frames.push_back(*pfn);
    KdumpContent content{.source = dump, .pfns = frames};
    content.page = [&](std::uint64_t pfn, MutableBytes scratch) -> Result<Bytes> {
        if (std::ranges::find(lost_, pfn) != lost_.end()) return fail(ErrorCode::PageMissing, "lost");
        const auto page = dump.page(pfn * page_size, scratch);
        if (!page) return fail(page.error());
        if (page->bytes.data() != scratch.data())
            std::memcpy(scratch.data(), page->bytes.data(), page->bytes.size());
        for (auto change = changes_.lower_bound(pfn * page_size);
             change != changes_.end() && change->first < (pfn + 1) * page_size; ++change)
            scratch[change->first - pfn * page_size] = change->second;
        return scratch;
    };
    (void)write_kdump(target, content, {Codec::Raw, 0}).value();
}

}  // namespace postmortem::test
