// Makes BTF (include/uapi/linux/btf.h) for tests: that of type files, and the kinds that only kernels write.
#pragma once

#include "types/btf_builder.h"

namespace postmortem::test {

using postmortem::BtfEnumerator;
using postmortem::BtfMember;

class BtfBuilder : public postmortem::BtfBuilder {
  public:
    using postmortem::BtfBuilder::BtfBuilder;

    std::uint32_t volatile_of(std::uint32_t target) { return record(9, {}, 0, target); }
    std::uint32_t const_of(std::uint32_t target) { return record(10, {}, 0, target); }
    std::uint32_t restrict_of(std::uint32_t target) { return record(11, {}, 0, target); }
    std::uint32_t type_tag(std::string_view name, std::uint32_t target) {
        return record(18, name, 0, target);
    }
    std::uint32_t function(std::string_view name, std::uint32_t result) {
        const std::uint32_t prototype = record(13, {}, 1, result, false, {0, result});
        return record(12, name, 1, prototype);
    }
    std::uint32_t variable(std::string_view name, std::uint32_t type) {
        return record(14, name, 0, type, false, {1});
    }
    std::uint32_t data_section(std::string_view name, std::uint32_t variable_id) {
        return record(15, name, 1, 64, false, {variable_id, 0, 8});
    }
    struct PlacedId {
        std::uint32_t variable, offset;
    };
    std::uint32_t data_section(std::string_view name, const std::vector<PlacedId>& variables) {
        std::vector<std::uint32_t> items;
        for (const PlacedId& one : variables) items.insert(items.end(), {one.variable, one.offset, 8});
        return record(15, name, static_cast<std::uint32_t>(variables.size()), 4096, false, items);
    }
    std::uint32_t declaration_tag(std::string_view name, std::uint32_t target) {
        return record(17, name, 0, target, false, {~0u});
    }
};

}  // namespace postmortem::test
