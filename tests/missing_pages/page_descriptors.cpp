#include "missing_pages/page_descriptors.h"

#include <array>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "support/files.h"

namespace postmortem::test {
namespace {

constexpr std::size_t descriptor_bytes = 24, size_within = 8;
constexpr std::uint32_t impossible_size = 0x7fffffff;

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
    std::uint32_t number = 0;
    if (at + sizeof number <= bytes.size()) std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

}  // namespace

std::optional<PageDescriptors> PageDescriptors::open(const std::filesystem::path& path) {
    const std::string bytes = file_contents(path);
    if (!bytes.starts_with("KDUMP   ")) return std::nullopt;
    const std::uint64_t block = number_at(bytes, 428), sub_header = number_at(bytes, 432),
                        bitmaps = number_at(bytes, 436);
    PageDescriptors pages;
    const std::uint64_t first = (1 + sub_header) * block;
    pages.descriptors_ = first + bitmaps * block;
    if (pages.descriptors_ > bytes.size()) return std::nullopt;
    const std::uint64_t dumped = first + bitmaps * block / 2;
    for (std::uint64_t bit = 0; bit < (pages.descriptors_ - dumped) * 8; ++bit)
        if ((static_cast<unsigned char>(bytes[dumped + bit / 8]) >> bit % 8 & 1) != 0) {
            pages.sizes_.push_back(
                number_at(bytes, pages.descriptors_ + pages.frames_.size() * descriptor_bytes + size_within));
            pages.frames_.push_back(bit);
        }
    pages.file_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    return pages.file_ < 0 ? std::nullopt : std::optional(std::move(pages));
}

void PageDescriptors::write(std::size_t page, std::uint32_t size) {
    const auto at = static_cast<off_t>(descriptors_ + page * descriptor_bytes + size_within);
    if (::pwrite(file_, &size, sizeof size, at) != sizeof size) std::abort();
}

void PageDescriptors::damage(const std::vector<std::size_t>& pages) {
    for (const std::size_t page : pages) write(page, impossible_size);
}

void PageDescriptors::mend(const std::vector<std::size_t>& pages) {
    for (const std::size_t page : pages) write(page, sizes_[page]);
}

}  // namespace postmortem::test
