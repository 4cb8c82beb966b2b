// Bytes of a known length in which words are put by hand, little endian where nothing else is said; the rest
// is zeros.
#pragma once

#include <concepts>
#include <type_traits>
#include <vector>

#include "base/bytes.h"

namespace postmortem::test {

/// `Word` is what put() writes where nothing else is said.
template <std::unsigned_integral Word>
class Words {
  public:
    explicit Words(std::size_t bytes, Endian endian = Endian::Little) : bytes_(bytes), endian_(endian) {}

    template <std::unsigned_integral As = Word>
    void put(std::size_t offset, std::type_identity_t<As> value) {
        store(bytes_.data() + offset, value, endian_);
    }
    Bytes view() const { return bytes_; }
    Bytes first(std::size_t size) const { return view().first(size); }

  private:
    std::vector<std::byte> bytes_;
    Endian endian_;
};

}  // namespace postmortem::test
