// Structs of an unknown layout, laid side by side: an offset is a member's if what lies there is, in every
// one of them, what that member has to be.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "memory/address_space.h"

namespace postmortem {

/// One struct's bytes; those of pages that the dump lacks are absent.
class StructImage {
  public:
    /// Copies `size` bytes; with a size of 0 everything is read when it is asked for.
    StructImage(const AddressSpace& memory, std::uint64_t address, std::uint64_t size);

    std::uint64_t address() const { return address_; }
    /// What lies there: an unsigned long or a pointer; an int; text up to its NUL or `limit`.
    std::optional<std::uint64_t> word(std::uint64_t offset) const;
    std::optional<std::uint32_t> number(std::uint64_t offset) const;
    std::optional<std::string> text(std::uint64_t offset, std::size_t limit) const;

  private:
    Bytes held(std::uint64_t offset, std::size_t size) const;

    const AddressSpace* memory_;
    std::uint64_t address_;
    ByteBuffer bytes_;
    std::vector<bool> lost_;  ///< by page, from the one that holds address_
};

/// What one struct says of a candidate: a page that is not there says nothing.
enum class Says : std::uint8_t { Yes, Nothing, No };

struct Placement {
    std::uint64_t offset = 0;
    std::size_t agree = 0;  ///< structs for which it holds
};

/// The structs that are searched, and how many bytes of each.
struct Survey {
    /// Of many structs no more than `most`, from all over the list.
    static Survey of(const AddressSpace& memory, const std::vector<std::uint64_t>& addresses,
                     std::uint64_t size, std::size_t most = 128);

    std::vector<StructImage> images;
    std::uint64_t size = 0;
};

/// Called from several threads, while the kernel is locked: it may ask the memory, and not the kernel.
using Judge = std::function<Says(const StructImage&, std::uint64_t offset)>;

/// Every offset (in steps of `step`) that no image contradicts and at least `least` of them confirm.
std::vector<Placement> search(const Survey& survey, std::uint64_t step, std::size_t least,
                              const Judge& judge);

}  // namespace postmortem
