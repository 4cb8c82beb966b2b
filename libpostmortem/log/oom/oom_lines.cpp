#include "log/oom/oom_lines.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/text.h"
#include "log/oom/oom_words.h"
#include "log/text/cursor.h"

namespace postmortem::oom {
namespace {

constexpr std::size_t max_joined = 16 * 1024;

std::string_view first_word(std::string_view text) {
    return Cursor(without_leading_blanks(text)).word();
}

std::string_view last_word(std::string_view text) {
    text = without_trailing_blanks(text);
    const std::size_t blank = text.find_last_of(" \t");
    return blank == std::string_view::npos ? text : text.substr(blank + 1);
}

std::size_t count_words(std::string_view text) {
    std::size_t count = 0;
    for (Cursor cursor(text); !cursor.at_end(); cursor.skip_blanks()) count += cursor.word().empty() ? 0 : 1;
    return count;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> heads) {
    return std::any_of(heads.begin(), heads.end(),
                       [&](std::string_view head) { return text.starts_with(head); });
}

constexpr std::array<std::string_view, 6> header_keys = {
    "gfp_mask=", "order=", "nodemask=", "oom_adj=", "oom_score_adj=", "oomkilladj="};
constexpr std::array<std::string_view, 7> kill_keys = {
    "total-vm:", "anon-rss:", "file-rss:", "shmem-rss:", "pgtables:", "UID:", "oom_score_adj:"};

// How the next line goes on with the one before: behind a blank, or in the middle of a word.
enum class Join { No, Blank, Word };

// Pairs of a fixed set of keys: the next line begins with a key, or a key was cut in two.
template <std::size_t N>
Join continues_keys(std::string_view text, std::string_view next,
                    const std::array<std::string_view, N>& keys) {
    const auto begins = [&](std::string_view word) {
        return std::any_of(keys.begin(), keys.end(),
                           [&](std::string_view key) { return word.starts_with(key); });
    };
    if (begins(first_word(next))) return Join::Blank;
    const std::string cut = std::string(last_word(text)) + std::string(first_word(next));
    return begins(cut) && !begins(last_word(text)) ? Join::Word : Join::No;
}

bool is_whole_pair(std::string_view word) {
    return is_key_values(word) && parse_key_values(word).pure;
}

// Lists of any key: zones, nodes, cgroup statistics, totals. With sizes, a value without its unit is a cut
// one.
Join continues_pairs(std::string_view text, std::string_view next, Shape next_shape, bool sizes) {
    const std::string_view last = last_word(text);
    const bool has_unit = last.ends_with("kB") || last.ends_with("KB") || last.starts_with("pages_scanned:");
    const bool whole = sizes ? has_unit || last == "yes" || last == "no" : is_whole_pair(last);
    if (!whole && last != "all_unreclaimable?") {
        const std::string cut = std::string(last) + std::string(first_word(next));
        if (is_whole_pair(cut) && (!sizes || cut.ends_with('B'))) return Join::Word;
    }
    if (next_shape != Shape::KeyValues) {
        const bool answer = last == "all_unreclaimable?" && starts_with_any(next, {"yes", "no"});
        return answer ? Join::Blank : Join::No;
    }
    const auto values = parse_key_values(next);
    const bool end_of_zone = values.pairs.empty() ? values.all_unreclaimable.has_value()
                                                  : values.pairs.front().key == "pages_scanned";
    const bool sized = !values.pairs.empty() && values.pairs.front().is_size();
    return sizes && (sized || end_of_zone) ? Join::Blank : Join::No;
}

Join continues_header(std::string_view text, std::string_view next) {
    if (contains(text, "oom_score_adj=") || contains(text, "oomkilladj=")) return Join::No;
    const bool flags_open =
        text.rfind('(') != std::string_view::npos && text.rfind('(') + 1 > text.rfind(')') + 1;
    if (flags_open && contains(next, ")")) return Join::Word;
    return continues_keys(text, next, header_keys);
}

// Without its build number the kernel's release is not whole.
Join continues_cpu_line(std::string_view text, std::string_view next) {
    if (contains(text, " #") || !contains(next, " #")) return Join::No;
    const std::string_view last = last_word(text);
    const bool in_release = is_digit(last.front()) && contains(last, ".");
    return in_release ? Join::Word : Join::Blank;
}

Join continues_free_list(std::string_view text, std::string_view next) {
    if (contains(text, "= ")) return Join::No;
    const std::string_view word = first_word(next);
    if (text.ends_with('=')) return is_digit(word.front()) && word.ends_with("kB") ? Join::Blank : Join::No;
    const auto is_block = [](std::string_view block) {
        Cursor cursor(block);
        return cursor.number() && cursor.take('*') && cursor.number() && cursor.take("kB");
    };
    if (is_block(word) || word.starts_with('(') || word.starts_with('=')) return Join::Blank;
    const std::string cut = std::string(last_word(text)) + std::string(word);
    return is_block(cut) ? Join::Word : Join::No;
}

Join continues_summary(std::string_view text, std::string_view next) {
    if (contains(text, ",uid=")) return Join::No;
    const std::string cut_key =
        std::string(text.substr(text.rfind(',') + 1)) + std::string(next.substr(0, next.find('=') + 1));
    for (const std::string_view key :
         {"mems_allowed=", "cpuset=", "global_oom", "oom_memcg=", "task_memcg=", "task=", "pid=", "uid="}) {
        if (cut_key == key) return Join::Word;
        const std::size_t at = next.find(key);
        if (at == std::string_view::npos) continue;
        // A task's name is the one value that may hold a blank.
        const bool in_name = key == "pid=" && at != 0 && contains(text, ",task=");
        return in_name ? Join::Blank : Join::Word;
    }
    return Join::No;
}

// A row of the table lacks columns, and the next line has what is missing: numbers, then the name.
Join continues_row(std::string_view text, std::string_view next, std::size_t columns) {
    const std::size_t bracket = text.find(']');
    if (columns < 3 || bracket == std::string_view::npos) return Join::No;
    const std::size_t there = 1 + count_words(text.substr(bracket + 1));
    if (there >= columns) return Join::No;
    Cursor cursor(next);
    for (std::size_t missing = columns - there; missing > 1; --missing) {
        if (!parse_i64(cursor.word())) return Join::No;
        cursor.skip_blanks();
        if (cursor.at_end()) return Join::Blank;  // the name is on a third line
    }
    return cursor.at_end() ? Join::No : Join::Blank;
}

bool is_column(std::string_view word) {
    static constexpr std::array<std::string_view, 15> columns = {
        "uid",     "tgid",    "total_vm",       "rss",      "rss_anon", "rss_file", "rss_shmem",    "cpu",
        "nr_ptes", "nr_pmds", "pgtables_bytes", "swapents", "oom_adj",  "name",     "oom_score_adj"};
    return std::find(columns.begin(), columns.end(), word) != columns.end();
}

// More names of columns, the last of which is "name".
Join continues_table_header(std::string_view text, std::string_view next) {
    if (text.ends_with(" name")) return Join::No;
    const bool names = next.find_first_not_of("abcdefghijklmnopqrstuvwxyz_ ") == std::string_view::npos;
    if (!names || !(contains(next, "_") || next.ends_with("name") || next == "swapents")) return Join::No;
    const std::string cut = std::string(last_word(text)) + std::string(first_word(next));
    return !is_column(last_word(text)) && is_column(cut) ? Join::Word : Join::Blank;
}

// The name in parentheses is missing, or was broken at a blank of its own.
bool lacks_name(std::string_view text, std::string_view next) {
    const std::size_t process = text.rfind("process ");  // what stands before may have parentheses of its own
    if (process != std::string_view::npos) text.remove_prefix(process);
    const bool open = contains(text, "(") && !contains(text.substr(text.rfind('(')), ")");
    return open ? contains(next, ")") : !contains(text, "(") && next.starts_with('(');
}

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> tails) {
    return std::any_of(tails.begin(), tails.end(),
                       [&](std::string_view tail) { return text.ends_with(tail); });
}

// "BIOS 1.16.2 04/01/2014": the BIOS and its date end the hardware's name.
bool continues_hardware(std::string_view text, std::string_view next) {
    const auto is_date = [](std::string_view word) {
        return word.size() == 10 && word[2] == '/' && word[5] == '/';
    };
    return !is_date(last_word(text)) && (next.starts_with("BIOS ") || is_date(last_word(next)));
}

// Beginnings that show no shape of their own until the rest is there.
bool continues_beginning(std::string_view text, std::string_view next) {
    if (next.starts_with("oom-killer:")) return text.ends_with(" invoked");
    if (next.starts_with("cpuset=")) return count_words(text) < 4;
    if (next.starts_with("process ")) return ends_with_any(text, {": Kill", ": kill", ": Killed"});
    if (!next.empty() && is_digit(next.front()))
        return ends_with_any(text, {"Kill process", "kill process", "Killed process"});
    if (ends_with_any(text, {"not syncing:", "syncing: Out", "syncing: Out of", "syncing: System",
                             "syncing: System is", "System is deadlocked", "System is deadlocked on"}))
        return contains(next, "memory");
    if (text == "Task in") return next.starts_with('/');
    return text.starts_with("Tasks in /") && starts_with_any(next, {"are ", "going ", "to ", "be ", "killed ",
                                                                    "due ", "memory.oom.group", "set"});
}

Join continues(const Line& line, std::string_view next, Shape next_shape, std::size_t columns) {
    const std::string_view text = line.text;
    switch (line.shape) {
        case Shape::Header: return continues_header(text, next);
        case Shape::CpuLine: return continues_cpu_line(text, next);
        case Shape::Zone:
        case Shape::Node: return continues_pairs(text, next, next_shape, true);
        case Shape::MemcgStats:
            if (text.ends_with(" for") && next.starts_with('/')) return Join::Blank;
            return continues_pairs(text, next, next_shape, true);
        case Shape::KeyValues: return continues_pairs(text, next, next_shape, false);
        case Shape::FreeList: return continues_free_list(text, next);
        case Shape::Summary: return continues_summary(text, next);
        case Shape::TableRow: return continues_row(text, next, columns);
        case Shape::Kill:
        case Shape::Reaped:
            if (lacks_name(text, next)) return Join::Blank;
            return continues_keys(text, next, kill_keys);
        case Shape::TableHeader: return continues_table_header(text, next);
        case Shape::Context:
            return !contains(text, "mems_allowed=") && next.starts_with("mems_allowed=") ? Join::Blank
                                                                                         : Join::No;
        case Shape::LowmemReserve:
            return next.find_first_not_of("0123456789 ") == std::string_view::npos ? Join::Blank : Join::No;
        case Shape::MemcgUsage:
            return starts_with_any(next, {"usage ", "limit ", "failcnt "}) ||
                           (is_digit(next.front()) && ends_with_any(text, {" usage", " limit", " failcnt"}))
                       ? Join::Blank
                       : Join::No;
        case Shape::MemcgProtection:
            return !contains(text, "low protection ") &&
                           starts_with_any(next, {"-- low", "low ", "protection ", "0"})
                       ? Join::Blank
                       : Join::No;
        case Shape::MemcgTask:
            return !contains(text, "limit of /") &&
                           starts_with_any(next, {"killed", "as ", "a ", "result", "of ", "limit", "/"})
                       ? Join::Blank
                       : Join::No;
        case Shape::Select:
            return lacks_name(text, next) || (text.ends_with(" score") && is_digit(next.front())) ||
                           starts_with_any(next, {"score ", "or ", "sacrifice", "a child", "child", "and ch"})
                       ? Join::Blank
                       : Join::No;
        case Shape::Other: return continues_beginning(text, next) ? Join::Blank : Join::No;
        case Shape::Hugepages: return next.starts_with("hugepages_") ? Join::Blank : Join::No;
        case Shape::Panic:
            return starts_with_any(next, {"system-wide", "compulsory", "panic_on_oom", "is enabled",
                                          "is selected", "enabled", "and no killable", "memory"})
                       ? Join::Blank
                       : Join::No;
        case Shape::Hardware: return continues_hardware(text, next) ? Join::Blank : Join::No;
        default: return Join::No;
    }
}

// "Memory cgroup out of memory:" was cut off from what happened.
bool completes_reason(const Line& line, Shape next_shape, std::string_view next) {
    if (line.shape != Shape::Other || (next_shape != Shape::Select && next_shape != Shape::Kill))
        return false;
    if (next.starts_with("(oom_kill_allocating_task)")) return line.text.ends_with("ut of memory");
    return next.starts_with("Kill") &&
           ends_with_any(line.text, {"ut of memory:", "(oom_kill_allocating_task):"});
}

// A line that begins a part of a report by itself is never the rest of another one.
bool stands_alone(Shape shape, std::string_view text) {
    switch (shape) {
        case Shape::Other:
        case Shape::KeyValues:
        case Shape::StatRow:
        case Shape::PageCount: return false;
        case Shape::Header: return !text.starts_with("oom-killer:");
        case Shape::GroupKill: return text.starts_with("Tasks in ");
        default: return true;
    }
}

}  // namespace

void LineJoiner::feed(const LogRecord& record, std::size_t number) {
    std::string_view text = record.text;
    for (std::size_t at = text.find("#012"); at != std::string_view::npos; at = text.find("#012")) {
        feed_part(record, text.substr(0, at), number);
        text.remove_prefix(at + 4);
    }
    feed_part(record, text, number);
}

bool LineJoiner::joins_pending(const LogRecord& record, std::string_view text, Shape shape) {
    if (!has_pending_) return false;
    const bool reason = completes_reason(pending_, shape, text);
    if (!reason && stands_alone(shape, text)) return false;
    if (!record.caller.empty() && record.caller != pending_.caller) return false;
    if (pending_.text.size() + text.size() > max_joined) return false;
    const Join join = reason ? Join::Blank : continues(pending_, text, shape, table_columns_);
    if (join == Join::No) return false;
    if (join == Join::Blank) pending_.text += ' ';
    pending_.text += text;
    // Only the whole line shows its shape: "X invoked" and "oom-killer: ..." were none and half a header.
    if (pending_.shape == Shape::Other) pending_.shape = shape_of(pending_.text);
    return true;
}

void LineJoiner::feed_part(const LogRecord& record, std::string_view text, std::size_t number) {
    text = without_trailing_blanks(without_leading_blanks(text));
    if (text.empty()) return;
    const Shape shape = shape_of(text);
    if (joins_pending(record, text, shape)) {
        pending_.last_number = number;
    } else {
        flush();
        pending_.shape = shape;
        pending_.text.assign(text.substr(0, max_joined));
        pending_.number = pending_.last_number = number;
        pending_.seconds = record.seconds;
        pending_.time.assign(record.time);
        pending_.host.assign(record.host);
        pending_.caller.assign(record.caller);
        has_pending_ = true;
    }
    if (pending_.shape == Shape::TableHeader) {
        table_columns_ = count_words(std::string_view(pending_.text).substr(pending_.text.find(']') + 1)) + 1;
    }
}

void LineJoiner::flush() {
    if (!has_pending_) return;
    has_pending_ = false;
    sink_(pending_);
}

}  // namespace postmortem::oom
