// Lays out BTF (include/uapi/linux/btf.h): types are added one by one, each gets the next number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"

namespace postmortem {

/// A member as the builder takes it; `bits` other than 0 makes a bit-field.
struct BtfMember {
    std::string name;
    std::uint32_t type = 0;
    std::uint32_t bit_offset = 0;
    std::uint32_t bits = 0;
};

struct BtfEnumerator {
    std::string name;
    std::int64_t value = 0;
};

class BtfBuilder {
  public:
    explicit BtfBuilder(Endian endian = Endian::Little) : endian_(endian) { strings_.push_back('\0'); }

    std::uint32_t integer(std::string_view name, std::uint32_t bytes, bool is_signed = false);
    std::uint32_t floating(std::string_view name, std::uint32_t bytes);
    std::uint32_t pointer(std::uint32_t target);
    std::uint32_t array(std::uint32_t element, std::uint32_t count);
    std::uint32_t structure(std::string_view name, std::uint32_t bytes,
                            const std::vector<BtfMember>& members);
    std::uint32_t union_of(std::string_view name, std::uint32_t bytes, const std::vector<BtfMember>& members);
    std::uint32_t enumeration(std::string_view name, const std::vector<BtfEnumerator>& values,
                              bool is_signed = false, std::uint32_t bytes = 4);
    std::uint32_t enumeration64(std::string_view name, const std::vector<BtfEnumerator>& values,
                                bool is_signed = false);
    std::uint32_t forward(std::string_view name, bool is_union = false);
    std::uint32_t type_definition(std::string_view name, std::uint32_t target);
    /// A record of any kind, with a payload of any words.
    std::uint32_t record(std::uint32_t kind, std::string_view name, std::uint32_t count,
                         std::uint32_t size_or_type, bool flag = false,
                         const std::vector<std::uint32_t>& payload = {});

    /// The number that the next type gets: for types that refer forward.
    std::uint32_t next_id() const { return next_id_; }
    std::uint32_t string(std::string_view text);

    std::vector<std::byte> bytes() const;

  private:
    std::uint32_t composite(std::uint32_t kind, std::string_view name, std::uint32_t bytes,
                            const std::vector<BtfMember>& members);
    void word(std::vector<std::byte>& to, std::uint32_t value) const;

    Endian endian_;
    std::uint32_t next_id_ = 1;
    std::vector<std::byte> types_;
    std::string strings_;
    std::unordered_map<std::string, std::uint32_t> known_strings_;
};

}  // namespace postmortem
