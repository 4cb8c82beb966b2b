// The types of one piece of BTF, by its records: btf.cpp decodes them, btf_names.cpp finds them by name.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "types/btf_record.h"
#include "types/type_finder.h"

namespace postmortem {

class Btf final : public TypeFinder {
  public:
    Btf(Bytes bytes, std::shared_ptr<const void> owner, std::string source, std::size_t lost_pages)
        : bytes_(bytes), owner_(std::move(owner)), source_(std::move(source)), lost_pages_(lost_pages) {}

    /// A module's: its type ids and string offsets go on where those of `base` end.
    Btf(Bytes bytes, std::shared_ptr<const void> owner, std::string source, const Btf& base)
        : bytes_(bytes),
          owner_(std::move(owner)),
          source_(std::move(source)),
          lost_pages_(0),
          base_(&base),
          first_id_(static_cast<std::uint32_t>(base.offsets_.size())),
          first_string_(static_cast<std::uint32_t>(base.strings_.size())),
          pointer_bytes_(base.pointer_bytes_),
          signs_are_told_(base.signs_are_told_),
          chars_are_told_(base.chars_are_told_),
          plain_char_is_signed_(base.plain_char_is_signed_) {}

    Result<void> index();
    /// What C leaves to the machine: whether a plain char is signed, where the BTF does not tell.
    void set_plain_char(bool is_signed) { plain_char_is_signed_ = is_signed; }
    /// Types were left out on purpose; `lacking` says which of those that are asked for are among them.
    void set_excerpt(std::optional<Error> lacking) {
        is_excerpt_ = true;
        lacking_ = std::move(lacking);
    }
    bool is_excerpt() const override { return is_excerpt_; }
    std::string source() const override { return source_; }
    std::optional<Error> damage() const override;
    std::vector<PlacedVariable> per_cpu_variables() const override;
    void for_each_name(const std::function<bool(std::string_view)>& visit) const;
    Qualifier qualifier(TypeId id) const override;
    TypeId unqualified(TypeId id) const override;
    std::vector<std::string> names(TypeKind kind) const override;
    std::optional<TypeId> enum_with(std::string_view enumerator) const override;

  protected:
    Result<TypeId> search(TypeKind kind, std::string_view name) const override;
    Type decode(TypeId id) const override;

  private:
    static constexpr std::uint64_t longest_name =
        512;  // those that share their end could cost more than the data has

    /// The record at `offset`, which holds one.
    btf::Record record(std::uint32_t offset) const {
        const std::byte* at = types_.bytes().data() + offset;
        const auto word = [&](std::size_t i) { return load<std::uint32_t>(at + 4 * i, types_.endian()); };
        return {word(0), word(1), word(2)};
    }
    std::string_view name_at(std::uint32_t offset) const {
        if (offset < first_string_) return base_->name_at(offset);
        offset -= first_string_;
        if (offset >= strings_.size()) return {};
        return until_nul(as_text(
            *strings_.slice(offset, std::min<std::uint64_t>(longest_name, strings_.size() - offset))));
    }
    /// The one of the two that holds the type; null where none does.
    const Btf* holder_of(TypeId id) const {
        if (id < first_id_) return base_;
        return id - first_id_ < offsets_.size() ? this : nullptr;
    }

    void learn_pointer_size(const btf::Record& here);
    void learn_signs(const btf::Record& here, std::uint32_t payload);
    bool is_signed(const btf::Record& integer, std::uint32_t payload) const;
    std::optional<std::uint32_t> valid_record_size(std::uint32_t offset) const;
    void index_names() const;
    std::optional<TypeId> skip_qualifiers(TypeId id) const;
    std::optional<TypeId> indexed(TypeKind kind, std::string_view name) const;
    std::optional<TypeId> scan(TypeKind kind, std::string_view name) const;
    void decode_record(const btf::Record& record, std::uint32_t payload, Type& type) const;
    void decode_array(std::uint32_t payload, Type& type) const;
    void decode_parameters(const btf::Record& record, std::uint32_t payload, Type& type) const;
    void decode_members(const btf::Record& record, std::uint32_t payload, Type& type) const;
    void decode_enumerators(const btf::Record& record, std::uint32_t payload, Type& type) const;

    Bytes bytes_;
    std::shared_ptr<const void> owner_;
    std::string source_;
    std::size_t lost_pages_;
    ByteReader types_;
    ByteReader strings_;
    const Btf* base_ = nullptr;
    std::uint32_t first_id_ = 0;
    std::uint32_t first_string_ = 0;
    std::vector<std::uint32_t> offsets_;  ///< of type id first_id_ + N at N; id 0 is void
    std::uint32_t pointer_bytes_ = 8;
    bool signs_are_told_ = false;  ///< which enums are signed, by a flag
    bool chars_are_told_ = false;  ///< which chars are signed; in BTF of 5.10's pahole none is
    bool plain_char_is_signed_ = false;
    bool is_excerpt_ = false;
    std::optional<Error> lacking_;
    bool cut_short_ = false;  ///< types are missing behind the last one
    mutable std::vector<std::uint32_t>
        name_table_;  ///< type ids, placed by the hash of their name; 0 is a free slot
};

}  // namespace postmortem
