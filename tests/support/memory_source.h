// A dump that lies in memory, in a buffer of exactly its size, so that a sanitizer sees every byte too far.
#pragma once

#include <cstring>
#include <memory>

#include "dump/byte_source.h"

namespace postmortem::test {

class MemorySource final : public ByteSource {
  public:
    explicit MemorySource(Bytes bytes)
        : ByteSource({"memory", {}, {}}),
          size_(bytes.size()),
          bytes_(std::make_unique<std::byte[]>(bytes.size())) {
        if (!bytes.empty()) std::memcpy(bytes_.get(), bytes.data(), bytes.size());
    }

    std::uint64_t size() const override { return size_; }
    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const override {
        return ByteReader({bytes_.get(), size_}).slice(offset, length);
    }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length, MutableBytes) const override {
        return view(offset, length);
    }

  private:
    std::size_t size_;
    std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace postmortem::test
