#include "log/oom/oom_shape.h"

#include <algorithm>

#include "base/text.h"
#include "log/oom/oom_anchors.h"
#include "log/oom/oom_words.h"
#include "log/text/cursor.h"

namespace postmortem::oom {
namespace {

bool is_zone_name(std::string_view word) {
    return !word.empty() && word.size() <= 16 && is_alpha(word.front()) &&
           std::all_of(word.begin(), word.end(), [](char c) { return is_alpha(c) || is_digit(c); });
}

// "5*4kB"
bool is_block_count(std::string_view word) {
    Cursor cursor(word);
    return cursor.number() && cursor.take('*') && cursor.number() && cursor.take("kB");
}

// What stands behind "Node n " or, without nodes, at the start of the line.
Shape zone_or_node_shape(Cursor cursor, bool has_node) {
    if (cursor.rest().starts_with("hugepages_total=")) return Shape::Hugepages;
    const std::string_view name = cursor.take_while([](char c) { return c != ':' && !is_blank(c); });
    if (!is_zone_name(name)) {
        const bool counter = has_node && cursor.take(':') && (cursor.skip_blanks(), is_digit(cursor.peek()));
        return counter ? Shape::Node : Shape::Other;
    }
    if (cursor.take(':')) {
        Cursor number = cursor;
        number.skip_blanks();
        if (is_block_count(number.word()) || (has_node && number.at_end())) return Shape::FreeList;
        return has_node && is_digit(cursor.peek()) ? Shape::Node : Shape::Other;
    }
    cursor.skip_blanks();
    if (cursor.take("free:")) return is_digit(cursor.peek()) ? Shape::Zone : Shape::Other;
    return cursor.take("per-cpu:") ? Shape::PerCpu : Shape::Other;
}

// "[  pid  ]" or "[  123]": the task table.
Shape bracket_shape(Cursor cursor) {
    cursor.take('[');
    cursor.skip_blanks();
    if (cursor.take("pid")) {
        cursor.skip_blanks();
        return cursor.take(']') && contains(cursor.rest(), "uid") ? Shape::TableHeader : Shape::Other;
    }
    if (!cursor.number()) return Shape::Other;
    cursor.skip_blanks();
    if (!cursor.take(']') || !is_blank(cursor.peek())) return Shape::Other;
    for (int column = 0; column < 4; ++column) {  // uid, tgid, total_vm, rss: in every table so far
        cursor.skip_blanks();
        if (!cursor.number() || (!is_blank(cursor.peek()) && !cursor.at_end())) return Shape::Other;
    }
    return Shape::TableRow;
}

// "123 pages RAM", "123 total pagecache pages", "123 reserved pages"; "123 456 mm/slub.c:2264 func:x".
Shape number_shape(std::string_view text) {
    Cursor cursor(text);
    if (!cursor.number()) return Shape::Other;
    if (contains(text, " func:")) return Shape::AllocationRow;
    if (!is_blank(cursor.peek())) return Shape::Other;
    cursor.skip_blanks();
    const std::string_view rest = without_trailing_blanks(cursor.rest());
    const bool counts_pages = rest.starts_with("pages ") || rest == "total pagecache pages" ||
                              rest == "reserved pages" || rest == "free pages" || rest == "slab pages";
    return counts_pages && rest.size() < 40 ? Shape::PageCount : Shape::Other;
}

// "filp                     259KB        315KB"
bool is_slab_row(std::string_view text) {
    text = without_trailing_blanks(text);
    if (!text.ends_with("KB")) return false;
    Cursor cursor(text);
    if (cursor.word().empty()) return false;
    for (int column = 0; column < 2; ++column) {
        cursor.skip_blanks();
        if (!cursor.number() || !cursor.take("KB")) return false;
    }
    return cursor.at_end();
}

// "anon 0": one word of memory.stat and one number.
bool is_stat_row(std::string_view text) {
    Cursor cursor(text);
    const std::string_view name =
        cursor.take_while([](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '.'; });
    if (name.empty() || !is_alpha(name.front()) || !cursor.take(' ')) return false;
    return cursor.number() && without_leading_blanks(cursor.rest()).empty();
}

// "X cpuset=/docker/... mems_allowed=0-1", where X may hold blanks and the line may be cut behind cpuset.
bool is_context(std::string_view text) {
    if (text.find('=') == std::string_view::npos) return false;
    const auto cpuset = text_between(text, " cpuset=", " ");
    if (!cpuset || cpuset->empty()) return false;
    return contains(text, " mems_allowed=") || text.ends_with(*cpuset);
}

// "X invoked oom-killer: gfp_mask=...", and what a cut or a wrapped line leaves of it. Without its mask, or
// at least the colon in front of it, somebody speaks of an OOM, and so where more than a task's name stands
// in front.
bool is_header(std::string_view text) {
    constexpr std::size_t longest_name = 15;  // TASK_COMM_LEN without its end
    if (text.starts_with("oom-killer: gfp_mask=")) return true;
    constexpr std::string_view phrase = " invoked oom-killer:", mask = " gfp_mask=";
    const std::size_t at = text.find(phrase);
    if (at == std::string_view::npos || at > longest_name) return false;
    const std::string_view rest = text.substr(at + phrase.size());
    return rest.starts_with(mask) || mask.starts_with(rest);
}

// "Kill process 1234 (": a number and a name, as the kernel prints them, or the end of a cut line.
bool names_process(std::string_view text, std::string_view verb) {
    Cursor cursor(text);
    if (!cursor.until(verb)) return false;
    if (!cursor.number()) return cursor.at_end();
    return cursor.at_end() || cursor.take(" (") || cursor.take(", ") || cursor.take(" ,");
}

Shape panic_shape(std::string_view text) {
    const bool about_memory = contains(text, "ut of memory") || contains(text, "deadlocked on memory");
    return about_memory ? Shape::Panic : Shape::Other;
}

// "Out of memory", and what stood there before or stands there for other reasons to kill.
bool opens_with_reason(std::string_view text) {
    static constexpr std::array<std::string_view, 6> reasons = {
        "Out of memory", "Out of Memory",       "Memory cgroup out of memory", "Memory cgroup out of Memory",
        "OOM: ",         "No available memory "};
    return std::any_of(reasons.begin(), reasons.end(),
                       [&](std::string_view reason) { return text.starts_with(reason); });
}

bool is_decision(std::string_view text) {
    return opens_with_reason(text) || text.starts_with("Killed process ") ||
           text.starts_with("Kill process ") || text.starts_with("kill process ");
}

Shape decision_shape(std::string_view text) {
    if (contains(text, "ut of memory and no killable processes")) return Shape::NoKillable;
    if (names_process(text, "Killed process ")) return Shape::Kill;
    if (contains(text, "OOM victim ") && contains(text, "already exiting")) return Shape::KillSkipped;
    if (!names_process(text, "ill process ")) return Shape::Other;
    if (contains(text, "sharing same memory")) return Shape::KillSharing;
    return contains(text, " score ") || opens_with_reason(text) ? Shape::Select : Shape::Other;
}

// Lines that an anchor announced. In the middle of a line the same words are somebody's who tells of them.
Shape anchored_shape(std::string_view text) {
    if (is_header(text)) return Shape::Header;
    if (text.starts_with("oom-kill:constraint=")) return Shape::Summary;
    if (text.starts_with("oom_reaper: reaped process ")) return Shape::Reaped;
    if (text.starts_with("oom_reaper: unable to reap pid:")) return Shape::NotReaped;
    if (text.starts_with("Kernel panic - not syncing") || text.starts_with("---[ end Kernel panic"))
        return panic_shape(text);
    if (is_decision(text)) return decision_shape(text);
    if (contains(text, "due to memory.oom.group set")) return Shape::GroupKill;
    if (text.ends_with("Manual OOM execution")) return Shape::Sysrq;
    return Shape::Other;
}

bool is_cpu_line(std::string_view text) {
    return contains(text, "omm: ") && (contains(text, "PID: ") || contains(text, "Pid: "));
}

bool is_per_cpu(std::string_view text) {
    return contains(text, " hi:") || contains(text, "ot:") || contains(text, "old:");
}

struct Opening {
    std::string_view text;
    Shape shape;
    bool (*is_it)(std::string_view text) = nullptr;  // where others begin like this, too
};
constexpr Opening openings[] = {{"Mem-Info:", Shape::MemInfo},
                                {"Mem-info:", Shape::MemInfo},
                                {"lowmem_reserve[]:", Shape::LowmemReserve},
                                {"protections[]:", Shape::LowmemReserve},
                                {"Free swap", Shape::Swap},
                                {"Total swap", Shape::Swap},
                                {"Swap cache", Shape::SwapCache},
                                {"Free pages:", Shape::FreePagesTotal},
                                {"CPU: ", Shape::CpuLine, is_cpu_line},
                                {"Pid: ", Shape::CpuLine, is_cpu_line},
                                {"CPU ", Shape::PerCpu, is_per_cpu},
                                {"cpu ", Shape::PerCpu, is_per_cpu},
                                {"Hardware name:", Shape::Hardware},
                                {"Tasks state (memory values in pages)", Shape::TableTitle},
                                {"Unreclaimable slab info:", Shape::SlabTitle},
                                {"Memory allocations:", Shape::AllocationTitle},
                                {"Memory cgroup stats", Shape::MemcgStats},
                                {"Memory cgroup min protection ", Shape::MemcgProtection},
                                {"Task in /", Shape::MemcgTask},
                                {"memory: usage ", Shape::MemcgUsage},
                                {"memory+swap: usage ", Shape::MemcgUsage},
                                {"swap: usage ", Shape::MemcgUsage},
                                {"kmem: usage ", Shape::MemcgUsage}};

Shape node_shape(std::string_view text) {
    Cursor cursor(text);
    if (!cursor.number() || !is_blank(cursor.peek())) return Shape::Other;
    cursor.skip_blanks();
    return zone_or_node_shape(cursor, true);
}

// Lines told by how they begin, once the anchored ones are out of the way.
Shape leading_shape(std::string_view text) {
    constexpr std::string_view node = "Node ";
    if (text.starts_with(node)) return node_shape(text.substr(node.size()));
    for (const Opening& opening : openings) {
        if (text.front() != opening.text.front() || !text.starts_with(opening.text)) continue;
        return opening.is_it == nullptr || opening.is_it(text) ? opening.shape : Shape::Other;
    }
    if (is_context(text)) return Shape::Context;
    constexpr std::string_view allocation = "page allocation ";
    if (const std::size_t at = text.find(allocation); at != std::string_view::npos) {
        const std::string_view what = text.substr(at + allocation.size());
        if (what.starts_with("failure") || what.starts_with("stalls for")) return Shape::OtherMemInfo;
    }
    if (contains(text, "Show Memory")) return Shape::OtherMemInfo;
    return zone_or_node_shape(Cursor(text), false);
}

}  // namespace

Shape shape_of(std::string_view text) {
    text = without_leading_blanks(text);
    if (text.size() < 3) return Shape::Other;
    if (text.front() == '[') {
        const Shape shape = bracket_shape(Cursor(text));
        if (shape != Shape::Other) return shape;
    }
    if (is_digit(text.front())) {
        const Shape shape = number_shape(text);
        if (shape != Shape::Other) return shape;
    }
    if (Anchors::get().find(text) != std::string_view::npos) {
        const Shape shape = anchored_shape(text);
        if (shape != Shape::Other) return shape;
    }
    const Shape shape = leading_shape(text);
    if (shape != Shape::Other) return shape;
    if (is_key_values(text)) return Shape::KeyValues;
    if (is_slab_row(text)) return Shape::SlabRow;
    return is_stat_row(text) ? Shape::StatRow : Shape::Other;
}

bool proves_oom(Shape shape) {
    switch (shape) {
        case Shape::Header:
        case Shape::TableTitle:
        case Shape::TableHeader:
        case Shape::MemcgTask:
        case Shape::MemcgUsage:
        case Shape::MemcgStats:
        case Shape::Summary:
        case Shape::Select:
        case Shape::Kill:
        case Shape::KillSkipped:
        case Shape::GroupKill:
        case Shape::NoKillable:
        case Shape::Panic: return true;
        default: return false;
    }
}

}  // namespace postmortem::oom
