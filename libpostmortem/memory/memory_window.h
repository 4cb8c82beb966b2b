// A copy of a stretch of virtual memory, for many small reads from one large struct: they cost neither
// translation nor lock. What the window does not hold is read from the memory itself.
#pragma once

#include <string>

#include "memory/address_space.h"

namespace postmortem {

/// For one thread. Borrows the memory.
class MemoryWindow {
  public:
    explicit MemoryWindow(const AddressSpace& memory) : memory_(memory) {}

    /// Holds the `size` bytes at `start` from now on; nothing where one of them cannot be read.
    void move_to(std::uint64_t start, std::size_t size) {
        start_ = start;
        bytes_.resize(size);
        if (!memory_.read(start, bytes_)) bytes_.clear();
    }

    template <std::integral T>
    Result<T> get(std::uint64_t vaddr) const {
        const auto held = part(vaddr, sizeof(T));
        return held.empty() ? memory_.get<T>(vaddr) : load<T>(held.data(), memory_.endian());
    }

    /// As AddressSpace::c_string().
    Result<std::string> c_string(std::uint64_t vaddr, std::size_t limit) const {
        const auto held = part(vaddr, limit);
        if (held.empty()) return memory_.c_string(vaddr, limit);
        return std::string(until_nul(as_text(held)));
    }

  private:
    Bytes part(std::uint64_t vaddr, std::size_t size) const {
        const std::uint64_t offset = vaddr - start_;
        if (vaddr < start_ || offset > bytes_.size() || size > bytes_.size() - offset) return {};
        return Bytes(bytes_).subspan(offset, size);
    }

    const AddressSpace& memory_;
    std::uint64_t start_ = 0;
    ByteBuffer bytes_;
};

}  // namespace postmortem
