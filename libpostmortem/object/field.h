// One member of a struct, looked up once and then read from thousands of objects: what Object does per
// access, a Field does beforehand.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "memory/memory_window.h"
#include "types/type_finder.h"

namespace postmortem {

class Field {
  public:
    /// The first of several paths that this kernel's struct has, newest first. A path may lead through
    /// embedded structs: "thread_info.cpu". Errors: NotFound, or those of the type finder.
    static Result<Field> find(const TypeFinder& types, std::string_view struct_name,
                              std::initializer_list<std::string_view> paths);

    /// A member that may be absent: reading it then gives NotFound.
    Field() = default;

    bool present() const { return present_; }
    std::uint64_t offset() const { return offset_; }
    /// How many elements an array member declares; 0 where it is no array.
    std::uint64_t elements() const { return elements_; }
    /// Element `index` of an array member whose elements are numbers, or start with one, of `size` bytes.
    Field element(std::uint64_t index, std::uint64_t size) const;
    /// One past the last byte of the member.
    std::uint64_t end() const { return offset_ + size_; }
    /// Where the member lies in the object at `base`.
    std::uint64_t address_in(std::uint64_t base) const { return base + offset_; }

    /// Its value in the object at `base`, zero- or sign-extended as its type says.
    Result<std::uint64_t> u64(const AddressSpace& memory, std::uint64_t base) const;
    Result<std::uint64_t> u64(const MemoryWindow& window, std::uint64_t base) const;
    /// The same; a struct that is a number (atomic_t, atomic_long_t) holds a signed one.
    Result<std::int64_t> i64(const AddressSpace& memory, std::uint64_t base) const;
    std::uint64_t u64_or(const AddressSpace& memory, std::uint64_t base, std::uint64_t otherwise) const {
        return u64(memory, base).value_or(otherwise);
    }

  private:
    template <class Memory>
    Result<std::uint64_t> number(const Memory& memory, std::uint64_t base) const;

    std::uint64_t offset_ = 0;
    std::uint64_t elements_ = 0;
    std::uint32_t size_ = 0;
    bool is_signed_ = false;
    bool is_struct_ = false;
    bool present_ = false;
};

/// Looks members up one after the other and keeps the first error in the caller's `missing`. Borrows both.
class FieldFinder {
  public:
    FieldFinder(const TypeFinder& types, std::optional<Error>& missing) : types_(types), missing_(missing) {}

    /// As Field::find(); a member that is not there is absent.
    Field operator()(std::string_view struct_name, std::initializer_list<std::string_view> paths) const;

  private:
    const TypeFinder& types_;
    std::optional<Error>& missing_;
};

}  // namespace postmortem
