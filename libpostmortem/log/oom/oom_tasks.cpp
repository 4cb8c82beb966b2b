#include "log/oom/oom_tasks.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"
#include "log/oom/oom_words.h"
#include "log/text/cursor.h"

namespace postmortem::oom {
namespace {

constexpr std::size_t max_rows = 4'000'000;  // pid_max is 4 Mi on 64-bit kernels
constexpr std::size_t max_columns = 32;

// False where the column is one that no kernel known to us prints.
bool set_column(OomTask& task, std::string_view column, std::int64_t value) {
    const auto size = static_cast<std::uint64_t>(std::clamp<std::int64_t>(value, 0, std::int64_t{max_value}));
    if (column == "uid")
        task.uid = size;
    else if (column == "tgid")
        task.tgid = value;
    else if (column == "total_vm")
        task.total_vm_pages = size;
    else if (column == "rss")
        task.rss_pages = size;
    else if (column == "rss_anon")
        task.rss_anon_pages = size;
    else if (column == "rss_file")
        task.rss_file_pages = size;
    else if (column == "rss_shmem")
        task.rss_shmem_pages = size;
    else if (column == "nr_ptes" || column == "nr_pmds" || column == "nr_puds")
        task.page_table_pages = task.page_table_pages.value_or(0) + size;
    else if (column == "pgtables_bytes")
        task.page_table_bytes = size;
    else if (column == "swapents")
        task.swap_pages = size;
    else if (column == "cpu")
        task.cpu = value;
    else if (column == "oom_adj")
        task.oom_adj = value;
    else if (column == "oom_score_adj")
        task.oom_score_adj = value;
    else
        return false;
    return true;
}

std::optional<std::int64_t> take_signed(Cursor& cursor) {
    Cursor at = cursor;
    const std::string_view word = at.word();
    const auto value = parse_i64(word);
    if (value) cursor = at;
    return value;
}

// How many columns of numbers a row without a header has: all words but the name, which a digit may begin.
std::vector<std::string> columns_of_headless_row(std::string_view cells) {
    std::vector<std::string> columns = {"uid", "tgid", "total_vm", "rss"};
    Cursor cursor(cells);
    std::size_t numbers = 0;
    for (cursor.skip_blanks(); take_signed(cursor); cursor.skip_blanks()) ++numbers;
    if (cursor.at_end() && numbers > 0) --numbers;  // the last number is the name
    for (std::size_t i = columns.size(); i < std::min(numbers, max_columns); ++i)
        columns.push_back(fmt::format("column {}", i + 2));
    columns.emplace_back("name");
    return columns;
}

}  // namespace

std::vector<std::string> read_table_header(std::string_view text) {
    std::vector<std::string> columns;
    Cursor cursor(text);
    if (!cursor.until("]")) return columns;
    for (cursor.skip_blanks(); !cursor.at_end() && columns.size() < max_columns; cursor.skip_blanks())
        columns.emplace_back(cursor.word());
    return columns;
}

void read_table_row(std::string_view text, std::size_t line, OomTaskTable& table) {
    if (table.tasks.size() >= max_rows) return;
    Cursor cursor(text);
    cursor.skip_blanks();
    cursor.take('[');
    cursor.skip_blanks();
    const auto pid = cursor.number();
    cursor.skip_blanks();
    if (!pid || *pid > std::numeric_limits<std::int32_t>::max() || !cursor.take(']')) {
        ++table.torn_rows;
        return;
    }
    OomTask task;
    task.line = line;
    task.pid = static_cast<std::int64_t>(*pid);
    const auto columns = table.columns.empty() ? columns_of_headless_row(cursor.rest()) : table.columns;
    bool torn = columns.empty();
    for (const std::string& column : columns) {
        cursor.skip_blanks();
        if (column == "name") {
            task.name = std::string(without_trailing_blanks(cursor.rest()));
            break;
        }
        const auto value = take_signed(cursor);
        if (!value) {
            torn = true;
            break;
        }
        if (!set_column(task, column, *value))
            task.other.push_back({column, static_cast<std::uint64_t>(std::max<std::int64_t>(*value, 0))});
    }
    table.torn_rows += torn ? 1 : 0;
    table.tasks.push_back(std::move(task));
}

}  // namespace postmortem::oom
