// Memory that ends in front of a page that nobody may touch: whoever reads or writes one byte too far ends
// the test.
#pragma once

#include <cstring>
#include <stdexcept>

#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"

namespace postmortem::test {

class GuardedBytes {
  public:
    explicit GuardedBytes(std::size_t most) {
        const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        usable_ = (most + page - 1) / page * page;
        mapped_ = usable_ + page;
        void* area = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (area == MAP_FAILED) throw std::runtime_error("no memory for guarded bytes");
        start_ = static_cast<std::byte*>(area);
        if (::mprotect(start_ + usable_, page, PROT_NONE) != 0)
            throw std::runtime_error("no guard behind the bytes");
    }
    GuardedBytes(const GuardedBytes&) = delete;
    GuardedBytes& operator=(const GuardedBytes&) = delete;
    ~GuardedBytes() { ::munmap(start_, mapped_); }

    /// The last `length` bytes in front of the guard; at most as many as were asked for.
    MutableBytes room(std::size_t length) const {
        if (length > usable_) throw std::out_of_range("more than there are guarded bytes");
        return {start_ + usable_ - length, length};
    }
    Bytes holding(Bytes bytes) const {
        const MutableBytes copy = room(bytes.size());
        if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
        return copy;
    }

  private:
    std::byte* start_ = nullptr;
    std::size_t usable_ = 0, mapped_ = 0;
};

}  // namespace postmortem::test
