#include "support/memory_image.h"

#include <algorithm>

namespace postmortem::test {
namespace {

constexpr std::uint64_t page_bytes = 4096;

// Kernel addresses lie too high for a physical address; the low half names the page just as well.
constexpr std::uint64_t physical_mask = (1ull << 46) - 1;

}  // namespace

class MemoryImage::Dump final : public DumpFile {
  public:
    explicit Dump(Endian endian) : endian_(endian) {}

    const DumpInfo& info() const override { return info_; }
    std::uint32_t page_size() const override { return page_bytes; }
    Endian endian() const override { return endian_; }
    std::uint16_t machine() const override { return 0; }
    std::string_view vmcoreinfo() const override { return {}; }
    const std::vector<Note>& notes() const override { return notes_; }
    const std::vector<Error>& problems() const override { return problems_; }

    Result<PageBytes> page(std::uint64_t paddr, MutableBytes) const override {
        const auto found = pages.find(paddr / page_bytes);
        if (found == pages.end()) return fail(ErrorCode::NoSuchMemory, "no such page", paddr);
        if (excluded.contains(paddr / page_bytes))
            return fail(ErrorCode::PageExcluded, "the page was left out", paddr);
        return PageBytes{found->second, 0};
    }

    std::map<std::uint64_t, std::vector<std::byte>> pages;
    std::set<std::uint64_t> excluded;

  private:
    Endian endian_;
    DumpInfo info_;
    std::vector<Note> notes_;
    std::vector<Error> problems_;
};

namespace {

class IdentityWalker final : public PageTableWalker {
  public:
    Result<Translation> walk(std::uint64_t vaddr) const override {
        return Translation{vaddr & physical_mask, page_bytes};
    }
};

}  // namespace

MemoryImage::MemoryImage(Endian endian)
    : endian_(endian),
      dump_(std::make_unique<Dump>(endian)),
      physical_(std::make_unique<PhysicalMemory>(*dump_)),
      space_(std::make_unique<AddressSpace>(*physical_, std::make_unique<IdentityWalker>())) {}

MemoryImage::~MemoryImage() = default;

void MemoryImage::map(std::uint64_t address, std::uint64_t size) {
    const std::uint64_t first = (address & physical_mask) / page_bytes;
    const std::uint64_t last = ((address & physical_mask) + size - 1) / page_bytes;
    for (std::uint64_t page = first; page <= last; ++page) dump_->pages[page].resize(page_bytes);
}

void MemoryImage::put(std::uint64_t address, Bytes bytes) {
    if (bytes.empty()) return;
    map(address, bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::uint64_t at = (address & physical_mask) + i;
        dump_->pages[at / page_bytes][at % page_bytes] = bytes[i];
    }
}

void MemoryImage::exclude(std::uint64_t address) {
    dump_->excluded.insert((address & physical_mask) / page_bytes);
}

}  // namespace postmortem::test
