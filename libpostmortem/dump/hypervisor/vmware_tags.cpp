#include "dump/hypervisor/vmware_tags.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {
namespace {

// struct cptdumpheader: u32 id, version, number of groups; then of each group 64 bytes of name, u64 position,
// size.
constexpr std::uint64_t vmware_header_size = 12, vmware_group_size = 80, vmware_name_size = 64;
constexpr std::uint32_t vmware_max_groups = 4096;
constexpr std::size_t vmware_max_tags = 1u << 20;
// A tag is 16 bits: length of the name, number of indices, size of the value; these sizes are blocks.
constexpr unsigned vmware_block = 0x3f, vmware_compressed_block = 0x3e;

class VmwareGroup {
  public:
    VmwareGroup(const ByteSource& source, std::string name, std::uint64_t at)
        : source_(source), name_(std::move(name)), at_(at) {}

    /// False where it does not end as it should.
    bool read(std::vector<VmwareTag>& tags) {
        while (tags.size() < vmware_max_tags) {
            const auto tag = take<std::uint16_t>();
            if (!tag) return false;
            if (*tag == 0) return true;
            VmwareTag found;
            found.group = name_;
            if (!read_name(*tag >> 8, found.name) || !read_indices(*tag >> 6 & 3, found)) return false;
            const unsigned size = *tag & 0x3f;
            const bool whole =
                size >= vmware_compressed_block ? read_block(size, found) : read_value(size, found);
            tags.push_back(std::move(found));
            if (!whole) return false;
        }
        return false;
    }

  private:
    template <std::unsigned_integral T>
    std::optional<T> take() {
        std::array<std::byte, sizeof(T)> raw;
        if (at_ > source_.size() || !source_.skim(at_, raw)) return std::nullopt;
        at_ += sizeof(T);
        return load<T>(raw.data(), Endian::Little);
    }

    bool read_name(std::size_t length, std::string& name) {
        name.resize(length);
        if (!source_.skim(at_, {reinterpret_cast<std::byte*>(name.data()), length})) return false;
        at_ += length;
        return true;
    }

    bool read_indices(unsigned count, VmwareTag& tag) {
        for (unsigned i = 0; i < count; ++i) {
            const auto index = take<std::uint32_t>();
            if (!index) return false;
            tag.index[i] = *index;
        }
        return true;
    }

    bool read_block(unsigned size, VmwareTag& tag) {
        const auto in_file = take<std::uint64_t>(), in_memory = take<std::uint64_t>();
        const auto padding = take<std::uint16_t>();
        if (!in_file || !in_memory || !padding) return false;
        tag.is_block = true;
        tag.is_compressed = size == vmware_compressed_block;
        tag.at = at_ + *padding;
        tag.bytes = tag.is_compressed ? *in_file : *in_memory;
        const auto end = checked_add(tag.at, *in_file);
        at_ = end.value_or(~0ull);
        return end.has_value();
    }

    bool read_value(unsigned size, VmwareTag& tag) {
        tag.at = at_;
        tag.bytes = size;
        std::array<std::byte, 64> raw{};
        if (!source_.skim(at_, MutableBytes(raw).first(size))) return false;
        tag.value = load<std::uint64_t>(raw.data(), Endian::Little);
        at_ += size;
        return true;
    }

    const ByteSource& source_;
    std::string name_;
    std::uint64_t at_;
};

}  // namespace

Result<std::vector<VmwareTag>> read_vmware_tags(const ByteSource& source, std::vector<Error>& problems) {
    std::array<std::byte, vmware_header_size> header;
    if (!source.skim(0, header))
        return fail(ErrorCode::Corrupt, "the VMware machine state ends within its header");
    const auto groups = load<std::uint32_t>(header.data() + 8, Endian::Little);
    if (groups > vmware_max_groups)
        return fail(ErrorCode::Corrupt, fmt::format("the VMware machine state claims {} groups", groups));
    std::vector<VmwareTag> tags;
    for (std::uint32_t i = 0; i < groups; ++i) {
        std::array<std::byte, vmware_group_size> group;
        if (!source.skim(vmware_header_size + i * vmware_group_size, group)) {
            problems.emplace_back(ErrorCode::PageMissing,
                                  "the VMware machine state ends within its list of groups");
            break;
        }
        const std::string name(until_nul(as_text(Bytes(group).first(vmware_name_size))));
        if (name != "memory" && name != "cpu") continue;
        const auto at = load<std::uint64_t>(group.data() + vmware_name_size, Endian::Little);
        if (!VmwareGroup(source, name, at).read(tags))
            problems.emplace_back(
                ErrorCode::PageMissing,
                fmt::format("the group \"{}\" of the VMware machine state is cut off", name));
    }
    return tags;
}

}  // namespace postmortem
