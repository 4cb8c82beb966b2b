// The structs on a linked list or in a tree. What `list` and `tree` print.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/crash_dump.h>
#include <postmortem/problem.h>
#include <postmortem/struct_view.h>

namespace postmortem {

struct ListRequest {
    enum class Start : std::uint8_t {
        First,     ///< the first struct; its link points at the next struct
        Embedded,  ///< a struct with a list_head in it: -h
        Head,      ///< a list_head of its own, which is in no struct: -H
    };
    Start start = Start::First;
    std::string at;          ///< an address or a symbol
    std::string link;        ///< where in a struct the link lies: "task_struct.tasks", or bytes
    std::string head_link;   ///< where in the first one, if elsewhere: -O
    std::string end;         ///< an address where the list ends
    bool backwards = false;  ///< through list_head.prev
    std::string type;        ///< what the structs are, "task_struct.pid,comm"; nothing: addresses alone
    std::string member;      ///< what is shown begins so far in front of the link: -l
};

struct TreeRequest {
    enum class Kind : std::uint8_t { RedBlack, Xarray, Radix, Maple };
    Kind kind = Kind::RedBlack;
    std::string at;
    bool at_node = false;   ///< `at` is a node, not the root: -N
    std::string root;       ///< where in the struct at `at` the root lies: -r
    std::string link;       ///< where in a struct its rb_node lies: -o
    bool in_order = false;  ///< of a red-black tree: from left to right, rather than from the root down
    std::string type;       ///< as of a list
};

struct WalkedStruct {
    std::uint64_t address = 0;
    std::optional<std::uint64_t> index;  ///< in an array; in a maple tree counted from 1
    std::string position;                ///< in the tree: "root/l/r", "root/0/1"
    std::optional<StructInstance> instance;
    std::optional<std::uint64_t> first, last;  ///< in a maple tree: the range of numbers that it stands for
};

struct WalkedStructs {
    std::string type;  ///< of the structs, where they are shown
    std::vector<WalkedStruct> entries;
    Problems problems;  ///< a loop, a link that cannot be read: what was found up to there is shown
};

POSTMORTEM_API Result<WalkedStructs> walk_list(const CrashDump& dump, const ListRequest& request);
POSTMORTEM_API Result<WalkedStructs> walk_tree(const CrashDump& dump, const TreeRequest& request);

struct WalkStyle {
    StructStyle structs;
    bool positions = false;
    bool decimal_addresses = false;  ///< as crash prints those in maple trees where nothing else is asked for
};
POSTMORTEM_API std::string to_text(const WalkedStructs& walked, const WalkStyle& style = {});
POSTMORTEM_API std::string to_json(const WalkedStructs& walked);
POSTMORTEM_API std::string to_ndjson(const WalkedStructs& walked);

}  // namespace postmortem
