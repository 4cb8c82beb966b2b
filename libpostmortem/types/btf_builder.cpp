#include "types/btf_builder.h"

#include <algorithm>

#include "types/btf_record.h"

namespace postmortem {
namespace {

constexpr std::uint32_t number_of(btf::Kind kind) {
    return static_cast<std::uint32_t>(kind);
}

}  // namespace

void BtfBuilder::word(std::vector<std::byte>& to, std::uint32_t value) const {
    to.resize(to.size() + 4);
    store(to.data() + to.size() - 4, value, endian_);
}

std::uint32_t BtfBuilder::string(std::string_view text) {
    if (text.empty()) return 0;
    const auto [known, is_new] =
        known_strings_.try_emplace(std::string(text), static_cast<std::uint32_t>(strings_.size()));
    if (is_new) strings_.append(text).push_back('\0');
    return known->second;
}

std::uint32_t BtfBuilder::record(std::uint32_t kind, std::string_view name, std::uint32_t count,
                                 std::uint32_t size_or_type, bool flag,
                                 const std::vector<std::uint32_t>& payload) {
    word(types_, string(name));
    word(types_, kind << 24 | count | (flag ? 1u << 31 : 0));
    word(types_, size_or_type);
    for (const std::uint32_t value : payload) word(types_, value);
    return next_id_++;
}

std::uint32_t BtfBuilder::integer(std::string_view name, std::uint32_t bytes, bool is_signed) {
    return record(number_of(btf::Kind::Int), name, 0, bytes, false, {(is_signed ? 1u << 24 : 0) | bytes * 8});
}

std::uint32_t BtfBuilder::pointer(std::uint32_t target) {
    return record(number_of(btf::Kind::Ptr), {}, 0, target);
}

std::uint32_t BtfBuilder::array(std::uint32_t element, std::uint32_t count) {
    return record(number_of(btf::Kind::Array), {}, 0, 0, false, {element, 0, count});
}

std::uint32_t BtfBuilder::composite(std::uint32_t kind, std::string_view name, std::uint32_t bytes,
                                    const std::vector<BtfMember>& members) {
    const bool flag =
        std::any_of(members.begin(), members.end(), [](const BtfMember& m) { return m.bits != 0; });
    std::vector<std::uint32_t> payload;
    for (const BtfMember& member : members) {
        payload.push_back(string(member.name));
        payload.push_back(member.type);
        payload.push_back(flag ? member.bits << 24 | member.bit_offset : member.bit_offset);
    }
    return record(kind, name, static_cast<std::uint32_t>(members.size()), bytes, flag, payload);
}

std::uint32_t BtfBuilder::structure(std::string_view name, std::uint32_t bytes,
                                    const std::vector<BtfMember>& members) {
    return composite(number_of(btf::Kind::Struct), name, bytes, members);
}

std::uint32_t BtfBuilder::union_of(std::string_view name, std::uint32_t bytes,
                                   const std::vector<BtfMember>& members) {
    return composite(number_of(btf::Kind::Union), name, bytes, members);
}

std::uint32_t BtfBuilder::enumeration(std::string_view name, const std::vector<BtfEnumerator>& values,
                                      bool is_signed, std::uint32_t bytes) {
    std::vector<std::uint32_t> payload;
    for (const BtfEnumerator& value : values) {
        payload.push_back(string(value.name));
        payload.push_back(static_cast<std::uint32_t>(value.value));
    }
    return record(number_of(btf::Kind::Enum), name, static_cast<std::uint32_t>(values.size()), bytes,
                  is_signed, payload);
}

std::uint32_t BtfBuilder::enumeration64(std::string_view name, const std::vector<BtfEnumerator>& values,
                                        bool is_signed) {
    std::vector<std::uint32_t> payload;
    for (const BtfEnumerator& value : values) {
        payload.push_back(string(value.name));
        payload.push_back(static_cast<std::uint32_t>(value.value));
        payload.push_back(static_cast<std::uint32_t>(static_cast<std::uint64_t>(value.value) >> 32));
    }
    return record(number_of(btf::Kind::Enum64), name, static_cast<std::uint32_t>(values.size()), 8, is_signed,
                  payload);
}

std::uint32_t BtfBuilder::forward(std::string_view name, bool is_union) {
    return record(number_of(btf::Kind::Fwd), name, 0, 0, is_union);
}

std::uint32_t BtfBuilder::type_definition(std::string_view name, std::uint32_t target) {
    return record(number_of(btf::Kind::Typedef), name, 0, target);
}

std::uint32_t BtfBuilder::floating(std::string_view name, std::uint32_t bytes) {
    return record(number_of(btf::Kind::Float), name, 0, bytes);
}

std::vector<std::byte> BtfBuilder::bytes() const {
    constexpr std::uint32_t header_size = 24;
    std::vector<std::byte> all(4);
    store<std::uint16_t>(all.data(), btf::magic, endian_);
    all[2] = std::byte{1};
    const auto types_size = static_cast<std::uint32_t>(types_.size());
    for (const std::uint32_t value :
         {header_size, 0u, types_size, types_size, static_cast<std::uint32_t>(strings_.size())})
        word(all, value);
    all.insert(all.end(), types_.begin(), types_.end());
    const Bytes strings = as_bytes(strings_);
    all.insert(all.end(), strings.begin(), strings.end());
    return all;
}

}  // namespace postmortem
