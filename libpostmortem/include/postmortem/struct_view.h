// A struct or union: how it is laid out, or what an instance of it holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/crash_dump.h>
#include <postmortem/problem.h>
#include <postmortem/type_layout.h>
#include <postmortem/typed_value.h>

namespace postmortem {

struct StructRequest {
    enum class Kind : std::uint8_t { Any, Struct, Union };

    Kind kind = Kind::Any;
    std::string type;        ///< "task_struct", "task_struct.pid,comm", "page.lru"
    std::string at;          ///< an address or a symbol, with CPUs of a per-CPU one: "runqueues:0-3"
    std::int64_t count = 1;  ///< instances in a row; a negative one ends with that at the address
    std::string member;      ///< the address is of this member, "task_struct.tasks", or so many bytes in
    bool offsets = false;    ///< where the members of the instance lie, rather than what they hold
    bool raw = false;        ///< its bytes as words
    bool pointers = false;   ///< what members that are pointers point at, too
    std::uint32_t current_cpu = 0;  ///< that ":" stands for
};

/// A member of an instance.
struct MemberValue {
    std::string path;         ///< as it was asked for
    std::uint32_t level = 1;  ///< how deep it lies in the printed struct
    bool last = false;        ///< nothing follows it there
    std::string declaration;  ///< "struct mm_struct *mm"
    TypedValue value;
    std::optional<TypedValue> target;  ///< what it points at, where that was asked for
    std::string target_symbol;
};

struct StructInstance {
    std::uint64_t address = 0;
    std::optional<std::uint32_t> cpu;  ///< of a per-CPU variable
    TypedValue value;                  ///< the whole of it, where no members were named
    std::vector<MemberValue> members;
    std::vector<std::uint64_t> words;  ///< raw
};

struct StructView {
    std::string type;                  ///< "struct task_struct"
    std::optional<TypeLayout> layout;  ///< without an instance
    bool some_members = false;         ///< the layout's lines are those of the members that were named
    std::vector<StructInstance> instances;
    std::uint32_t word_size = 8;
    bool big_endian = false;
    Problems problems;
};

/// NotFound where there is no such type, member or symbol; InvalidArgument.
POSTMORTEM_API Result<StructView> struct_view(const CrashDump& dump, const StructRequest& request);

struct StructStyle {
    bool hexadecimal = false;
    bool offsets = false;
    bool pointers = false;  ///< as they were asked for
    bool commas = true;     ///< behind members, as in C
};
POSTMORTEM_API std::string to_text(const StructView& view, const StructStyle& style = {});
POSTMORTEM_API std::string to_json(const StructView& view);

}  // namespace postmortem
