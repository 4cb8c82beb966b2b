// Lays down the fields of a file one behind the other, without padding.
#pragma once

#include <algorithm>
#include <string_view>

#include "support/fake_dump.h"

namespace postmortem::test {

class ByteWriter {
  public:
    explicit ByteWriter(Endian endian) : endian_(endian) {}

    template <std::integral T>
    ByteWriter& put(T value) {
        bytes.resize(bytes.size() + sizeof(T));
        store(bytes.data() + bytes.size() - sizeof(T), value, endian_);
        return *this;
    }
    ByteWriter& put(Bytes more) {
        bytes.insert(bytes.end(), more.begin(), more.end());
        return *this;
    }
    ByteWriter& put(std::string_view text) { return put(as_bytes(text)); }
    /// Filled up with zeros to `size`.
    ByteWriter& put_text(std::string_view text, std::size_t size) {
        put(text.substr(0, size));
        return zeros(size - std::min(size, text.size()));
    }
    /// Behind its length in one byte.
    ByteWriter& put_name(std::string_view name) {
        return put(static_cast<std::uint8_t>(name.size())).put(name);
    }
    ByteWriter& zeros(std::size_t count) {
        bytes.resize(bytes.size() + count);
        return *this;
    }
    ByteWriter& fill_to(std::size_t size) {
        bytes.resize(std::max(bytes.size(), size));
        return *this;
    }

    Buffer bytes;

  private:
    Endian endian_;
};

}  // namespace postmortem::test
