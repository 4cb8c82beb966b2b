// Reads values of any type out of the dump, with all that is in them.
#pragma once

#include <postmortem/typed_value.h>

#include "object/object.h"
#include "report/values/symbolic.h"
#include "report/values/value_bytes.h"

namespace postmortem {

class ValueMaker {
  public:
    explicit ValueMaker(const Kernel& kernel) : ValueMaker(kernel, kernel.types_and_variables()) {}
    /// Of types that the kernel itself does not know.
    ValueMaker(const Kernel& kernel, const TypeFinder& types)
        : memory_(&kernel.memory()), types_(types), names_(kernel) {}

    /// A user's address space in place of the kernel's.
    void read_from(const AddressSpace& memory) { memory_ = &memory; }

    /// The value of that type that lies at the address.
    TypedValue at(TypeId type, std::uint64_t address);
    /// So many of them in a row.
    TypedValue array(TypeId type, std::uint64_t address, std::uint64_t count);
    /// A part of an array of arrays, behind so many of its dimensions.
    TypedValue row(TypeId type, std::size_t dimension, std::uint64_t address);
    /// Of a bit-field.
    TypedValue bit_field(TypeId type, std::uint64_t address, std::uint32_t bit_offset, std::uint32_t bits);
    /// A function of which nothing but the address is known.
    TypedValue code(std::uint64_t address);
    /// One that lies nowhere.
    TypedValue of(TypeId type, std::uint64_t number);

    /// A number or a pointer whose type is no one's: computed, or cast to a basic type.
    TypedValue scalar(ValueNode node, bool to_characters);

    /// It has made as many parts of values as one answer may have; what it makes now is cut.
    bool is_spent() const { return parts_made_ + nodes_.size() >= most_parts; }
    static constexpr std::size_t most_parts = 1u << 19;

    /// What was missing of the values made so far.
    Problems take_problems();
    const SymbolicNames& names() const { return names_; }

  private:
    struct Place {
        TypeId type = 0;
        std::uint64_t offset = 0;
        std::uint32_t bit_offset = 0, bits = 0;  ///< of a bit-field
    };

    void add(const ValueBytes& bytes, const Place& place, std::string name, std::uint32_t depth,
             bool with_type);
    void add_members(const ValueBytes& bytes, const Place& place, const Type& type, std::uint32_t depth);
    void add_elements(const ValueBytes& bytes, const Place& place, const Type& type, std::uint32_t depth,
                      std::size_t dimension, std::size_t node);
    void fill_array(const ValueBytes& bytes, const Place& place, const Type& type, std::uint32_t depth);
    void fill_number(const ValueBytes& bytes, const Place& place, const Type& type, ValueNode& node);
    void fill_pointer(bool to_characters, ValueNode& node);
    bool is_character(TypeId type) const;
    std::uint64_t size_of(TypeId type) const;
    TypedValue finish(TypeId type, const ValueBytes& bytes);

    const AddressSpace* memory_;
    const TypeFinder& types_;
    SymbolicNames names_;
    std::vector<ValueNode> nodes_;
    std::size_t parts_made_ = 0;  ///< in values that are finished
    bool cut_ = false;
    bool shows_members_ = false;  ///< all of a struct's, as far as they are known
    Problems problems_;
};

/// The bytes that a value of the type takes; 0 of what has no size.
std::uint64_t value_size(const TypeFinder& types, TypeId type);
/// Whether that is known: of a struct that was only declared, or inferred from some members, it is not.
bool knows_size(const TypeFinder& types, TypeId type);
/// The same as the size, or where that is not known, as far as the members reach that are.
std::uint64_t known_extent(const TypeFinder& types, TypeId type);

/// The same of a part of an array of arrays, and its type as C has it: "u64 [3]", or with pointers "u64
/// (*)[3]".
std::uint64_t row_size(const TypeFinder& types, TypeId type, std::size_t dimension);
std::string row_name(const TypeFinder& types, TypeId type, std::size_t dimension,
                     const std::string& pointers = {});

}  // namespace postmortem
