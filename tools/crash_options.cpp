#include "crash_options.h"

#include <fmt/format.h>

namespace tool {
namespace {

struct RefusedOption {
    std::string_view command;
    std::string_view options;  ///< its letters
    std::string_view why;
};

constexpr RefusedOption refused_options[] = {
    {"bt", "O", "there is one way of unwinding here; each frame says in --json how it was found"},
    {"dev", "Vv",
     "device dumps (CONFIG_PROC_VMCORE_DEVICE_DUMP) are not read; `readelf -n` finds these notes in an ELF "
     "dump"},
    {"kmem", "cC", "no kernel since 2.6 has a page_hash_table; `files -p INODE` lists the pages of a file"},
    {"kmem", "r",
     "`meminfo --slab` counts the caches of control groups (before 5.9) with the one that they belong to"},
    {"mach", "o", "the console of OPAL is POWER's"},
    {"mod", "sdSDrR",
     "symbols and types of modules come from the dump, nothing has to be loaded; --vmlinux adds the kernel's "
     "source lines"},
    {"p", "u", "expressions are about the kernel; `rd -u ADDRESS` and `vtop -u ADDRESS` are about a process"},
    {"search", "tTKV",
     "ranges are not chosen by their kind; `search -s START -e END` takes one, and `bt -T` looks through a "
     "stack"},
    {"set", "a", "which tasks were active is the dump's to say; `set PID` makes one the current task"},
    {"struct", "fu",
     "structs are read at kernel addresses; `rd -f` and `rd -u` read the file and user memory"},
    {"union", "fu", "unions are read at kernel addresses; `rd -f` and `rd -u` read the file and user memory"},
    {"*", "fu", "structs are read at kernel addresses; `rd -f` and `rd -u` read the file and user memory"},
    {"tree", "v",
     "the nodes of a maple tree are not printed; `tree -t maple -p` tells where each entry lies"},
    {"vm", "M",
     "an mm_struct that its task has given up is not looked for; `struct mm_struct ADDRESS` shows it"},
    {"whatis", "rm", "types are not looked for by size or member; `whatis NAME` takes their names"},
};

struct RefusedCommand {
    std::string_view name, why;
};

constexpr RefusedCommand refused_commands[] = {
    {"gdb", "there is no gdb here; p, struct, whatis and dis answer what it is asked"},
    {"rustfilt",
     "`log -R` shows Rust's names as they were written; elsewhere they stand as the kernel has them"},
    {"sbitmapq", "`struct sbitmap_queue ADDRESS` shows one, without its bits"},
    {"wr", "a dump is never written to"},
};

bool is_one_of(std::string_view word, std::string_view letters) {
    const bool is_short = word.size() >= 2 && word[0] == '-' && word[1] != '-';
    const bool alone = word.size() == 2 || (word.size() > 2 && word[2] == '=');
    return is_short && alone && letters.find(word[1]) != letters.npos;
}

}  // namespace

std::optional<std::string> why_refused(std::string_view command, const std::vector<std::string>& words) {
    for (const std::string& word : words)
        for (const RefusedOption& refused : refused_options)
            if (refused.command == command && is_one_of(word, refused.options))
                return fmt::format("{} is crash's: {}", word, refused.why);
    return std::nullopt;
}

std::optional<std::string> why_no_command(std::string_view name) {
    for (const RefusedCommand& refused : refused_commands)
        if (refused.name == name) return std::string(refused.why);
    return std::nullopt;
}

}  // namespace tool
