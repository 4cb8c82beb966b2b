// Where a kdump-compressed file says what it has of each page, so that a test can say otherwise.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace postmortem::test {

/// Of a file in the byte order of this machine, with both bitmaps, as `extract` writes it (struct
/// disk_dump_header and struct page_desc of makedumpfile 1.7, diskdump_mod.h).
class PageDescriptors {
  public:
    /// Nothing where it is no such file.
    static std::optional<PageDescriptors> open(const std::filesystem::path& path);

    std::size_t count() const { return frames_.size(); }
    std::uint64_t frame(std::size_t page) const { return frames_[page]; }

    /// No reader can make anything of these pages from then on.
    void damage(const std::vector<std::size_t>& pages);
    /// They are as they were.
    void mend(const std::vector<std::size_t>& pages);

  private:
    void write(std::size_t page, std::uint32_t size);

    int file_ = -1;
    std::uint64_t descriptors_ = 0;
    std::vector<std::uint64_t> frames_;
    std::vector<std::uint32_t> sizes_;
};

}  // namespace postmortem::test
