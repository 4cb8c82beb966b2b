// Format: include/uapi/linux/btf.h and Documentation/bpf/btf.rst, Linux 5.1 to 7.2. The bytes are untrusted:
// each record is bounds-checked once, when the index of record offsets is built.
#include "types/btf.h"

#include <bit>

#include <fmt/format.h>

#include "base/checked.h"
#include "types/btf_types.h"

namespace postmortem {
namespace {

using btf::Kind;
using btf::magic;
using btf::Record;
using btf::record_size;

constexpr unsigned max_dimensions = 16;

// Of what follows an integer's record.
constexpr bool says_signed(std::uint32_t encoding) {
    return (encoding >> 24 & 1) != 0;
}
constexpr std::uint64_t max_type_bytes = 256ull << 20;
constexpr std::uint32_t max_byte_size = 1u << 30;
constexpr std::uint32_t known_int_bits = 0x0fffffff;

}  // namespace

Result<void> Btf::index() {
    const ByteReader probe(bytes_);
    const auto mark = probe.u16(0);
    if (!mark || (*mark != magic && *mark != byte_swap(magic)))
        return fail(ErrorCode::Corrupt, fmt::format("{} does not start with the BTF magic", source_));
    const Endian endian =
        *mark == magic ? host_endian : (host_endian == Endian::Little ? Endian::Big : Endian::Little);
    const ByteReader all(bytes_, endian);
    const auto header = all.u32(4), type_offset = all.u32(8), type_size = all.u32(12);
    const auto string_offset = all.u32(16), string_size = all.u32(20);
    if (!string_size)
        return fail(ErrorCode::Corrupt, fmt::format("{}: the BTF header is cut short", source_));
    const auto types = all.slice(std::uint64_t{*header} + *type_offset, *type_size);
    const auto strings = all.slice(std::uint64_t{*header} + *string_offset, *string_size);
    if (!types || !strings)
        return fail(ErrorCode::Corrupt,
                    fmt::format("{}: the BTF header points past the end of the data", source_));
    types_ = ByteReader(*types, endian);
    strings_ = ByteReader(*strings, endian);

    if (types->size() > max_type_bytes)
        return fail(ErrorCode::Corrupt, fmt::format("{}: the BTF claims an impossible size", source_));
    offsets_.reserve(types->size() / 16);
    if (!base_) offsets_.push_back(0);
    for (std::uint32_t at = 0; at < types->size();) {
        const auto size = valid_record_size(at);
        if (!size) {
            cut_short_ = true;
            break;
        }
        offsets_.push_back(at);
        learn_pointer_size(record(at));
        learn_signs(record(at), at + record_size);
        at += *size;
    }
    if (cut_short_ && offsets_.size() <= 1)
        return fail(ErrorCode::Corrupt, fmt::format("{}: not one type can be read", source_));
    return {};
}

void Btf::learn_signs(const Record& here, std::uint32_t payload) {
    if (here.kind() == Kind::Enum64 || (here.kind() == Kind::Enum && here.kind_flag()))
        signs_are_told_ = true;
    if (here.kind() == Kind::Int && here.size_or_type == 1 && says_signed(types_.u32(payload).value_or(0)) &&
        name_at(here.name) == "signed char")
        chars_are_told_ = true;
}

bool Btf::is_signed(const Record& integer, std::uint32_t payload) const {
    if (says_signed(types_.u32(payload).value_or(0))) return true;
    if (chars_are_told_ || integer.size_or_type != 1) return false;
    const std::string_view name = name_at(integer.name);
    return name == "signed char" || (name == "char" && plain_char_is_signed_);
}

// BTF tells no size of pointers: it is that of a long, as for libbpf, or half of a list_head, where that
// comes first.
void Btf::learn_pointer_size(const Record& here) {
    if (here.kind() == Kind::Int && (here.size_or_type == 4 || here.size_or_type == 8)) {
        const std::string_view name = name_at(here.name);
        if (name == "long unsigned int" || name == "unsigned long") pointer_bytes_ = here.size_or_type;
    } else if (here.kind() == Kind::Struct && here.size_or_type == 8 && name_at(here.name) == "list_head") {
        pointer_bytes_ = 4;  // two of them
    }
}

std::optional<Error> Btf::damage() const {
    if (!cut_short_ && lost_pages_ == 0) return lacking_;
    std::string message = fmt::format("the {} is damaged", source_);
    if (lost_pages_ != 0) message += fmt::format(", {} pages of it cannot be read", lost_pages_);
    if (cut_short_) message += fmt::format(", and its types end after the {}th", offsets_.size() - 1);
    return Error(ErrorCode::Corrupt, std::move(message));
}

// What btf_check_meta() (kernel/bpf/btf.c) would let pass, as far as a reader depends on it.
std::optional<std::uint32_t> Btf::valid_record_size(std::uint32_t offset) const {
    if (!types_.holds(offset, record_size)) return std::nullopt;
    const Record here = record(offset);
    const auto payload = payload_size(here);
    if (!payload || !types_.holds(offset, std::uint64_t{record_size} + *payload)) return std::nullopt;
    switch (here.kind()) {
        case Kind::Int:
            if (*types_.u32(offset + record_size) & ~known_int_bits) return std::nullopt;
            [[fallthrough]];
        case Kind::Float:
        case Kind::Struct:
        case Kind::Union:
        case Kind::Enum:
        case Kind::Enum64:
        case Kind::DataSec:
            if (here.size_or_type > max_byte_size) return std::nullopt;
            break;
        default: break;
    }
    return record_size + *payload;
}

// Up to 6.12's pahole, `int a[5][4]` is an array of 20; since then (seen on 7.2) it is an array of arrays.
// Readers get the former from either.
void Btf::decode_array(std::uint32_t payload, Type& type) const {
    type.target = types_.u32(payload).value_or(0);
    type.count = types_.u32(payload + 8).value_or(0);
    type.dimensions.push_back(type.count);
    for (unsigned i = 0; i < max_dimensions && type.target != 0; ++i) {
        const Btf* holder = holder_of(type.target);
        if (!holder) return;
        const std::uint32_t inner = holder->offsets_[type.target - holder->first_id_];
        if (holder->record(inner).kind() != Kind::Array) return;
        type.target = holder->types_.u32(inner + record_size).value_or(0);
        type.dimensions.push_back(holder->types_.u32(inner + record_size + 8).value_or(0));
        type.count = checked_mul(type.count, type.dimensions.back()).value_or(0);
    }
}

void Btf::decode_parameters(const Record& here, std::uint32_t payload, Type& type) const {
    type.target = here.size_or_type;
    for (std::uint32_t i = 0; i < here.vlen(); ++i)
        type.members.push_back({std::string(name_at(types_.u32(payload + i * 8).value_or(0))), 0, 0,
                                types_.u32(payload + i * 8 + 4).value_or(0)});
}

void Btf::decode_members(const Record& here, std::uint32_t payload, Type& type) const {
    type.members.reserve(here.vlen());
    for (std::uint32_t i = 0; i < here.vlen(); ++i) {
        const std::uint32_t at = payload + i * 12;
        const std::uint32_t offset = types_.u32(at + 8).value_or(0);
        Member member{std::string(name_at(types_.u32(at).value_or(0))), offset, 0,
                      types_.u32(at + 4).value_or(0)};
        if (here.kind_flag()) {
            member.bit_offset = offset & 0xffffff;
            member.bit_size = offset >> 24;
        }
        // One that begins behind the struct was written over by a hole.
        if (member.bit_offset <= std::uint64_t{here.size_or_type} * 8)
            type.members.push_back(std::move(member));
    }
}

// Before 6.0 no flag told signed from unsigned: an enum is signed, then, where a value of it is negative. One
// of 1u << 31 looks the same.
void Btf::decode_enumerators(const Record& here, std::uint32_t payload, Type& type) const {
    const bool wide = here.kind() == Kind::Enum64;
    for (std::uint32_t i = 0; !signs_are_told_ && !wide && i < here.vlen(); ++i)
        if (types_.u32(payload + i * 8 + 4).value_or(0) >> 31) type.is_signed = true;
    const std::uint32_t step = wide ? 12 : 8;
    type.enumerators.reserve(here.vlen());
    for (std::uint32_t i = 0; i < here.vlen(); ++i) {
        const std::uint32_t at = payload + i * step;
        const std::uint32_t low = types_.u32(at + 4).value_or(0);
        const std::uint32_t high = wide ? types_.u32(at + 8).value_or(0) : 0;
        const std::int64_t value = wide ? static_cast<std::int64_t>(std::uint64_t{high} << 32 | low)
                                   : type.is_signed ? static_cast<std::int32_t>(low)
                                                    : std::int64_t{low};
        type.enumerators.push_back({std::string(name_at(types_.u32(at).value_or(0))), value});
    }
}

Qualifier Btf::qualifier(TypeId id) const {
    if (id < first_id_) return base_ ? base_->qualifier(id) : Qualifier::None;
    if (id == 0 || !holder_of(id)) return Qualifier::None;
    switch (record(offsets_[id - first_id_]).kind()) {
        case Kind::Const: return Qualifier::Const;
        case Kind::Volatile: return Qualifier::Volatile;
        case Kind::Restrict: return Qualifier::Restrict;
        default: return Qualifier::None;
    }
}

// Tags and variables tell nothing of the type, either.
TypeId Btf::unqualified(TypeId id) const {
    if (id < first_id_) return base_ ? base_->unqualified(id) : id;
    if (id == 0 || !holder_of(id)) return id;
    const Record here = record(offsets_[id - first_id_]);
    switch (here.kind()) {
        case Kind::Const:
        case Kind::Volatile:
        case Kind::Restrict:
        case Kind::TypeTag:
        case Kind::DeclTag:
        case Kind::Func:
        case Kind::Var: return here.size_or_type;
        default: return id;
    }
}

// The type behind a chain of qualifiers, which carry no layout, and of declarations; where it lies. The chain
// is bounded.
std::optional<TypeId> Btf::skip_qualifiers(TypeId id) const {
    constexpr std::size_t longest_chain = 64;
    for (std::size_t steps = 0; steps < longest_chain; ++steps) {
        if (id == 0 || id < first_id_ || !holder_of(id)) return id;
        const Record here = record(offsets_[id - first_id_]);
        switch (here.kind()) {
            case Kind::Const:
            case Kind::Volatile:
            case Kind::Restrict:
            case Kind::TypeTag:
            case Kind::DeclTag:
            case Kind::Func:
            case Kind::Var: id = here.size_or_type; break;
            case Kind::Fwd:
                if (const auto complete = search(forward_kind(here), name_at(here.name))) {
                    id = *complete;
                    break;
                }
                return id;
            default: return id;
        }
    }
    return std::nullopt;
}

Type Btf::decode(TypeId asked) const {
    Type type;
    const auto id = skip_qualifiers(asked);
    if (id == TypeId{0}) return type;
    if (id && *id < first_id_) return base_->decode(*id);
    if (!id || !holder_of(*id)) {
        type.kind = TypeKind::Unknown;
        return type;
    }
    const std::uint32_t offset = offsets_[*id - first_id_];
    decode_record(record(offset), offset + record_size, type);
    return type;
}

void Btf::decode_record(const Record& here, std::uint32_t payload, Type& type) const {
    type.name = name_at(here.name);
    type.kind = kind_of(here);
    switch (here.kind()) {
        case Kind::Int: type.is_signed = is_signed(here, payload); [[fallthrough]];
        case Kind::Float: type.byte_size = here.size_or_type; break;
        case Kind::Ptr:
            type.byte_size = pointer_bytes_;
            type.target = here.size_or_type;
            break;
        case Kind::Array: decode_array(payload, type); break;
        case Kind::Struct:
        case Kind::Union:
            type.byte_size = here.size_or_type;
            decode_members(here, payload, type);
            break;
        case Kind::Enum:
        case Kind::Enum64:
            type.byte_size = here.size_or_type;
            type.is_signed = here.kind_flag();
            decode_enumerators(here, payload, type);
            break;
        case Kind::Typedef: type.target = here.size_or_type; break;
        case Kind::FuncProto: decode_parameters(here, payload, type); break;
        case Kind::Fwd: type.declares_union = here.kind_flag(); break;
        default: break;
    }
}

namespace {

template <class Buffer>
Result<std::unique_ptr<Btf>> open_owned(Buffer bytes, std::string source, std::size_t lost_pages,
                                        bool plain_char_is_signed = false) {
    const auto owner = std::make_shared<const Buffer>(std::move(bytes));
    auto btf = std::make_unique<Btf>(Bytes(*owner), owner, std::move(source), lost_pages);
    btf->set_plain_char(plain_char_is_signed);
    if (auto done = btf->index(); !done) return fail(std::move(done.error()));
    return btf;
}

}  // namespace

Result<std::unique_ptr<TypeFinder>> open_btf(ByteBuffer bytes, std::string source, std::size_t lost_pages,
                                             bool plain_char_is_signed) {
    return open_owned(std::move(bytes), std::move(source), lost_pages, plain_char_is_signed);
}

Result<std::unique_ptr<TypeFinder>> open_btf(std::vector<std::byte> bytes, std::string source,
                                             bool plain_char_is_signed) {
    return open_owned(std::move(bytes), std::move(source), 0, plain_char_is_signed);
}

Result<std::unique_ptr<TypeFinder>> open_excerpt(std::vector<std::byte> bytes, std::string source,
                                                 std::optional<Error> lacking) {
    auto btf = open_owned(std::move(bytes), std::move(source), 0);
    if (btf) (*btf)->set_excerpt(std::move(lacking));
    return btf;
}

Result<std::unique_ptr<TypeFinder>> open_split_btf(const TypeFinder& base, std::vector<std::byte> bytes,
                                                   std::string source) {
    const auto* kernel = dynamic_cast<const Btf*>(&base);
    if (!kernel || kernel->is_excerpt())
        return fail(ErrorCode::Unsupported,
                    fmt::format("{} continues the kernel's own BTF, which is not in use here", source));
    // The module's ids count on from the last of the kernel's.
    if (const auto why = kernel->damage())
        return fail(why->code, fmt::format("{} continues BTF that is not whole: {}", source, why->message));
    const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    auto btf = std::make_unique<Btf>(Bytes(*owner), owner, std::move(source), *kernel);
    if (auto done = btf->index(); !done) return fail(std::move(done.error()));
    return btf;
}

void for_each_type_name(const TypeFinder& types, const std::function<bool(std::string_view)>& visit) {
    if (const auto* const btf = dynamic_cast<const Btf*>(&types)) btf->for_each_name(visit);
}

std::optional<std::uint64_t> btf_size(Bytes header, Endian endian) {
    constexpr std::uint32_t most_header_bytes = 64, most_bytes = 64u << 20;
    const ByteReader reader(header, endian);
    constexpr std::uint8_t version = 1, flags = 0;
    if (reader.u16(0) != magic || reader.u8(2) != version || reader.u8(3) != flags) return std::nullopt;
    const auto own = reader.u32(4), types = reader.u32(12), strings_at = reader.u32(16),
               strings = reader.u32(20);
    if (!strings || *own < btf_header_bytes || *own > most_header_bytes) return std::nullopt;
    if (*types == 0 || *types > most_bytes || *strings_at < *types || *strings_at > most_bytes ||
        *strings == 0 || *strings > most_bytes)
        return std::nullopt;
    return std::uint64_t{*own} + *strings_at + *strings;
}

}  // namespace postmortem
