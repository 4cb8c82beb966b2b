// The names of kallsyms: each a length and as many tokens, each token one of 256 pieces of text; a marker for
// the start of every 256th name. scripts/kallsyms.c, write_src(); kernel/kallsyms.c,
// kallsyms_expand_symbol().
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "memory/address_space.h"
#include "symbols/kallsyms.h"

namespace postmortem {

constexpr std::uint32_t names_per_marker = 256;

/// Reads names one after the other, a block of memory at a time. Borrows the memory.
class KallsymsNameStream {
  public:
    KallsymsNameStream(const AddressSpace& memory, std::uint64_t position)
        : memory_(memory), position_(position) {}

    /// The tokens of the name at the position, which moves on to the next one; valid until the next call.
    /// Errors: Corrupt where the length is impossible, or the memory's own.
    Result<Bytes> next();
    Result<void> skip(std::uint32_t names);
    std::uint64_t position() const { return position_; }
    void seek(std::uint64_t position) { position_ = position; }

  private:
    Result<const std::byte*> at_position(std::size_t length);

    const AddressSpace& memory_;
    std::uint64_t position_;
    std::uint64_t buffered_from_ = 0;
    std::size_t buffered_ = 0;
    std::array<std::byte, 1024> buffer_;
};

/// Thread-safe for readers. Borrows the memory.
class KallsymsNames {
  public:
    ~KallsymsNames();

    /// Errors: Corrupt where tokens or markers are not what they must be, or the memory's own.
    static Result<std::unique_ptr<KallsymsNames>> open(const AddressSpace& memory,
                                                       const KallsymsLocation& location, std::uint32_t count);

    /// The symbol's type letter and, after it, its name.
    Result<std::string> at(std::uint32_t index) const;

    /// Calls `visit` with each index and its letter and name until it returns false. An unreadable block of
    /// 256 costs its own names; the first such error is returned.
    Result<void> for_each(const std::function<bool(std::uint32_t, std::string_view)>& visit) const;

    /// The first symbol of that name, from an index that is built on first use. Where names were unreadable
    /// and the name was not found, the error is theirs and not NotFound.
    Result<std::uint32_t> find(std::string_view name) const;

    /// One past the last marker; the next table begins there or a few bytes on.
    std::uint64_t markers_end() const { return markers_ + marker_bytes(); }

  private:
    struct NameIndex;

    KallsymsNames(const AddressSpace& memory, const KallsymsLocation& location, std::uint32_t count);

    Result<void> read_tokens(std::uint64_t table, std::uint64_t index);
    Result<void> locate_markers(std::uint64_t token_table);
    bool are_markers(std::uint64_t candidate) const;
    std::uint32_t blocks() const { return (count_ + names_per_marker - 1) / names_per_marker; }
    std::uint64_t marker_bytes() const { return std::uint64_t{blocks()} * marker_size_; }
    Result<std::uint64_t> marker(std::uint64_t place) const;
    Result<std::uint64_t> block_start(std::uint32_t block) const;
    Result<void> visit_block(std::uint32_t block, KallsymsNameStream& stream,
                             const std::function<bool(std::uint32_t, std::string_view)>& visit,
                             bool& wanted) const;
    void expand(Bytes tokens, std::string& text) const;
    const NameIndex& name_index() const;

    const AddressSpace& memory_;
    std::uint64_t names_;
    std::uint64_t markers_;
    std::uint32_t marker_size_;
    std::uint32_t count_;
    std::vector<std::byte> token_text_;
    std::array<std::string_view, 256> tokens_;

    mutable std::once_flag index_once_;
    mutable std::unique_ptr<const NameIndex> index_;
};

}  // namespace postmortem
