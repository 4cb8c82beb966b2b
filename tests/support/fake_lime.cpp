#include "support/fake_lime.h"

namespace postmortem::test {

std::vector<Stretch> stretches_of(const FakeMemory& memory) {
    std::vector<Stretch> all;
    for (const auto& [pfn, page] : memory.pages) {
        if (all.empty() || all.back().first_pfn + all.back().bytes.size() / memory.page_size != pfn)
            all.push_back({pfn, {}});
        all.back().bytes.insert(all.back().bytes.end(), page.begin(), page.end());
    }
    return all;
}

// u32 magic, u32 version, u64 first, u64 last address, 8 bytes of nothing.
Buffer lime_header(const Stretch& stretch, std::uint32_t version) {
    Buffer header(32);
    store(header.data(), std::uint32_t{0x4c694d45}, Endian::Little);
    store(header.data() + 4, version, Endian::Little);
    store(header.data() + 8, stretch.first_pfn * 4096, Endian::Little);
    store(header.data() + 16, stretch.first_pfn * 4096 + stretch.bytes.size() - 1, Endian::Little);
    return header;
}

Buffer make_lime(const std::vector<Stretch>& stretches) {
    Buffer file;
    for (const Stretch& stretch : stretches) {
        const Buffer header = lime_header(stretch);
        file.insert(file.end(), header.begin(), header.end());
        file.insert(file.end(), stretch.bytes.begin(), stretch.bytes.end());
    }
    return file;
}

}  // namespace postmortem::test
