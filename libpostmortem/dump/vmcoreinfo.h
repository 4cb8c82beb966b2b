// VMCOREINFO: the text in which a kernel tells readers of its dump where things are (kernel/crash_core.c, and
// arch_crash_save_vmcoreinfo() of each architecture; documented in
// Documentation/admin-guide/kdump/vmcoreinfo.rst).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postmortem {

/// Typed lookups in a VMCOREINFO text. It keeps its own copy of the text, so it depends on nothing.
///
/// Where a key occurs twice the first one counts: makedumpfile and crash take the first, so that is the
/// reading which every kernel and every producer has been tested with.
class VmcoreInfo {
  public:
    /// The kernel's own limit is one page; what lies beyond this much is ignored.
    static constexpr std::size_t max_size = 64 * 1024;

    VmcoreInfo() = default;
    explicit VmcoreInfo(std::string_view text);

    bool empty() const { return text_.empty(); }
    std::string_view text() const { return text_; }

    /// The value of a whole key as it stands, e.g. string("OSRELEASE"), string("SYMBOL(init_uts_ns)").
    std::optional<std::string_view> string(std::string_view key) const;

    /// A plain key in hexadecimal without 0x, e.g. hex("KERNELOFFSET").
    std::optional<std::uint64_t> hex(std::string_view key) const;
    /// A plain key in decimal, e.g. decimal("PAGESIZE").
    std::optional<std::uint64_t> decimal(std::string_view key) const;

    /// SYMBOL(name): the symbol's virtual address.
    std::optional<std::uint64_t> symbol(std::string_view name) const;
    /// All of those, by name.
    std::vector<std::pair<std::string_view, std::uint64_t>> symbols() const;
    /// OFFSET(struct.member): bytes.
    std::optional<std::uint64_t> offset(std::string_view member) const;
    /// SIZE(type): bytes.
    std::optional<std::uint64_t> size(std::string_view type) const;
    /// LENGTH(array): elements.
    std::optional<std::uint64_t> length(std::string_view array) const;
    /// NUMBER(name): signed decimal, or 0x and the bit pattern where the architecture code prints it so
    /// (arm64's kimage_voffset, for one).
    std::optional<std::int64_t> number(std::string_view name) const;

  private:
    struct Line {
        std::uint32_t key, key_length, value, value_length;
    };

    std::string_view key_of(const Line& line) const {
        return std::string_view(text_).substr(line.key, line.key_length);
    }
    std::optional<std::string_view> in_class(std::string_view kind, std::string_view name) const;

    std::string text_;
    std::vector<Line> lines_;  // sorted by key; equal keys in the order of the text
};

}  // namespace postmortem
