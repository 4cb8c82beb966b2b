// A typed cursor over the crashed kernel's memory: task["mm"]["total_vm"].u64(). An error (a member that this
// kernel does not have, a page that the dump lacks) travels along the chain and comes out where the value is
// asked for.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "memory/address_space.h"
#include "types/type_finder.h"

namespace postmortem {

/// Cheap to copy. Borrows the address space and the type finder.
class Object {
  public:
    /// A value of type `type` at `address`.
    Object(const AddressSpace& memory, const TypeFinder& types, TypeId type, std::uint64_t address)
        : memory_(&memory), types_(&types), type_(type), address_(address) {}

    /// A cursor that is nothing but an error.
    Object(const AddressSpace& memory, const TypeFinder& types, Error error)
        : memory_(&memory), types_(&types), error_(std::make_shared<const Error>(std::move(error))) {}

    /// A member of this struct or union; where this is a pointer, of what it points to.
    Object operator[](std::string_view member) const;
    /// A member of a member: "thread.sp".
    Object path(std::string_view members) const;
    /// The first of several names that this kernel's type has, newest first.
    Object first_of(std::initializer_list<std::string_view> members) const;
    bool has(std::string_view member) const;

    /// Element `index` of an array, or of what a pointer points to. Arrays are not bounds-checked against
    /// their declared count: flexible arrays declare none.
    Object at(std::uint64_t index) const;
    /// What this pointer points to. A null pointer is an error (NotMapped).
    Object deref() const;
    /// The same address as another type.
    Object as(TypeKind kind, std::string_view type_name) const;
    Object as_struct(std::string_view type_name) const { return as(TypeKind::Struct, type_name); }
    /// The struct that contains this object as its `member`.
    Object container(std::string_view struct_name, std::string_view member) const;

    bool ok() const { return !error_; }
    const Error* error() const { return error_.get(); }

    /// Where the object lies.
    std::uint64_t address() const { return address_; }
    Result<std::uint64_t> checked_address() const;
    const Type& type() const { return types_->get(type_); }
    TypeId type_id() const { return type_; }
    std::uint64_t size() const;

    /// Integers, enums, bit-fields and pointers, zero- or sign-extended as their type says; a struct of 1, 2,
    /// 4 or 8 bytes (atomic_t, kuid_t, …) reads as one unsigned number.
    Result<std::uint64_t> u64() const;
    /// The same, but that such a struct holds a signed number, as atomic_t and atomic_long_t do.
    Result<std::int64_t> i64() const;
    /// The same, with a value where it cannot be had.
    std::uint64_t u64_or(std::uint64_t otherwise) const { return u64().value_or(otherwise); }
    std::int64_t i64_or(std::int64_t otherwise) const { return i64().value_or(otherwise); }

    /// The text of a char array (up to its NUL or its size), or of what a char pointer points to (up to
    /// `limit`).
    Result<std::string> string(std::size_t limit = 256) const;
    /// The raw bytes of the object.
    Result<std::vector<std::byte>> bytes() const;

    const AddressSpace& memory() const { return *memory_; }
    const TypeFinder& types() const { return *types_; }

  private:
    Object with_error(Error error) const { return {*memory_, *types_, std::move(error)}; }
    Object at_member(const MemberPlace& place) const;

    const AddressSpace* memory_;
    const TypeFinder* types_;
    TypeId type_ = 0;
    std::uint64_t address_ = 0;
    std::uint32_t bit_offset_ = 0;  ///< bits from address_, for bit-fields only
    std::uint32_t bit_size_ = 0;
    std::shared_ptr<const Error> error_;
};

}  // namespace postmortem
