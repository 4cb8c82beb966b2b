// Takes an input of a fuzzer apart, and puts seeds together.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace postmortem::test {

inline void promise(bool condition) {
    if (!condition) std::abort();
}

/// Numbers from the front, zeros behind the end.
class FuzzInput {
  public:
    explicit FuzzInput(Bytes bytes) : rest_(bytes) {}

    template <std::integral T>
    T take() {
        std::array<std::byte, sizeof(T)> raw{};
        const Bytes some = take_bytes(sizeof(T));
        std::copy(some.begin(), some.end(), raw.begin());
        return load<T>(raw.data(), Endian::Little);
    }
    /// As many as there are.
    Bytes take_bytes(std::size_t count) {
        const Bytes taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    Bytes rest() const { return rest_; }

  private:
    Bytes rest_;
};

/// What FuzzInput takes apart.
class FuzzSeed {
  public:
    template <std::integral T>
    FuzzSeed& put(T value) {
        std::array<std::byte, sizeof(T)> raw;
        store(raw.data(), value, Endian::Little);
        return add(raw);
    }
    FuzzSeed& add(Bytes bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return *this;
    }
    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

}  // namespace postmortem::test
