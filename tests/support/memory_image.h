// Memory of a crashed machine for tests that need neither a dump format nor page tables: bytes are put at
// virtual addresses, each page of which is mapped onto the physical page of the same number.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "dump/dump_file.h"
#include "memory/address_space.h"

namespace postmortem::test {

class MemoryImage {
  public:
    explicit MemoryImage(Endian endian = Endian::Little);
    ~MemoryImage();
    MemoryImage(const MemoryImage&) = delete;
    MemoryImage& operator=(const MemoryImage&) = delete;

    void put(std::uint64_t address, Bytes bytes);
    void put(std::uint64_t address, std::string_view text) { put(address, as_bytes(text)); }
    template <std::integral T>
    void put(std::uint64_t address, T value) {
        std::byte raw[sizeof value];
        store(raw, value, endian_);
        put(address, Bytes(raw));
    }

    /// From now on the page at `address` reads as left out by the dump's filter.
    void exclude(std::uint64_t address);
    /// Pages of zeros, so that they are mapped.
    void map(std::uint64_t address, std::uint64_t size);

    const AddressSpace& space() const { return *space_; }

  private:
    class Dump;
    Endian endian_;
    std::unique_ptr<Dump> dump_;
    std::unique_ptr<PhysicalMemory> physical_;
    std::unique_ptr<AddressSpace> space_;
};

}  // namespace postmortem::test
