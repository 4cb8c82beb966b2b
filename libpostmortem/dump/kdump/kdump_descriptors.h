// The table of page descriptors of a kdump-compressed file: one for each bit of the second bitmap, in its
// order. Nothing in a descriptor says which page it is of, so a bit that is wrong gives every page behind it
// its neighbour's content. The table knows its own length, though: makedumpfile, QEMU and `extract` put the
// data right behind it.
#pragma once

#include "dump/kdump/kdump_header.h"
#include "dump/pages/codec.h"

namespace postmortem {

struct PageDescriptor {
    std::uint64_t offset = 0;  ///< of the page's data; 0 where the writer lost the page
    std::uint32_t size = 0;
    std::uint32_t flags = 0;

    std::optional<Codec> codec() const;
    /// Nothing is wrong with it, whether or not its data is there.
    bool is_sound(const KdumpHeader& header) const;
};

class DescriptorTable {
  public:
    /// Borrows both.
    DescriptorTable(const ByteSource& source, const KdumpHeader& header) : source_(source), header_(header) {}

    /// Nothing where the file does not have it.
    std::optional<PageDescriptor> read(std::uint64_t index) const;
    bool holds_sound(std::uint64_t index) const;

    /// How many descriptors lie before the data of the first page; nothing where none tells.
    std::optional<std::uint64_t> room() const;

    /// Writers put the data of one page behind that of the one before, but for pages of zeros, which share
    /// one. Whether the data of both neighbours leaves room for exactly this page's between them, and its
    /// descriptor says that it lies elsewhere.
    bool neighbours_contradict(std::uint64_t index, const PageDescriptor& own) const;

    /// Whether the table can be that of `count` pages. True where nothing speaks against it.
    bool fits(std::uint64_t count) const;
    /// The same of a part of a split dump: makedumpfile leaves room for the descriptors of all parts in each,
    /// and writes those of its own pages.
    bool fits_part(std::uint64_t in_part) const;
    /// Whether the data of the last sound descriptors before `count` ends where the file does: its writer
    /// lost nothing.
    bool ends_with_file(std::uint64_t count) const;

  private:
    std::uint64_t place_of(std::uint64_t index) const;
    PageDescriptor decoded(Bytes bytes, std::size_t index) const;
    std::optional<std::uint64_t> counted_room() const;
    /// Whether it says that its data is what comes first: the page that all pages of zeros share.
    bool shares_first_page(const PageDescriptor& desc) const;
    std::optional<PageDescriptor> neighbour(std::uint64_t index, int step) const;
    bool holds_zeros(const PageDescriptor& desc) const;

    const ByteSource& source_;
    const KdumpHeader& header_;
    mutable std::once_flag room_is_counted_;
    mutable std::optional<std::uint64_t> room_;
};

}  // namespace postmortem
