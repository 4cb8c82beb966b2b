#include "report/tasks/task_selection.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <regex.h>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::size_t longest_comm = 15;  // TASK_COMM_LEN less its NUL: crash, too, looks no further

bool is_quoted(std::string_view word) {
    return word.size() >= 2 && word.front() == '\'' && word.back() == '\'';
}

bool looks_like_expression(std::string_view word) {
    return word.find_first_of("^$.*+?()[]{}|") != npos;
}

}  // namespace

// regcomp() and regexec(), which crash's own expressions are made for.
class PosixExpression {
  public:
    static Result<std::unique_ptr<PosixExpression>> compile(const std::string& pattern) {
        auto made = std::unique_ptr<PosixExpression>(new PosixExpression);
        const int error = regcomp(&made->compiled_, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
        made->valid_ = error == 0;
        if (made->valid_) return made;
        std::array<char, 128> reason{};
        regerror(error, &made->compiled_, reason.data(), reason.size());
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("'{}' is no regular expression: {}", escaped(pattern), reason.data()));
    }
    PosixExpression(const PosixExpression&) = delete;
    PosixExpression& operator=(const PosixExpression&) = delete;
    ~PosixExpression() {
        if (valid_) regfree(&compiled_);
    }
    bool found_in(const std::string& text) const {
        return regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
    }

  private:
    PosixExpression() = default;
    regex_t compiled_{};
    bool valid_ = false;
};

struct TaskSelectors::Parsed {
    using Places = std::vector<std::size_t>;  ///< of the words
    struct Expression {
        std::unique_ptr<PosixExpression> expression;
        std::size_t place;
    };

    std::vector<std::string> words;
    std::vector<bool> used;
    std::optional<Error> no_tasks;  ///< why there is none to choose from
    std::unordered_map<std::uint64_t, Places> pids, addresses;
    std::unordered_map<std::string, Places> names;
    std::vector<Expression> expressions;

    template <class Map, class Key>
    bool use(const Map& map, const Key& key) {
        const auto found = map.find(key);
        if (found == map.end()) return false;
        for (const std::size_t place : found->second) used[place] = true;
        return true;
    }
};

TaskSelectors::TaskSelectors() : parsed_(std::make_unique<Parsed>()) {}
TaskSelectors::TaskSelectors(TaskSelectors&&) noexcept = default;
TaskSelectors::~TaskSelectors() = default;

Result<TaskSelectors> TaskSelectors::parse(const TaskTable& table,
                                           const std::vector<std::string>& selectors) {
    TaskSelectors made;
    Parsed& parsed = *made.parsed_;
    parsed.words = selectors;
    parsed.used.assign(selectors.size(), false);
    if (table.tasks.empty() && !table.problems.empty()) parsed.no_tasks = table.problems.back();
    std::unordered_set<std::string_view> names;
    for (const Task& task : table.tasks) names.insert(task.comm);
    for (std::size_t i = 0; i < selectors.size(); ++i) {
        const std::string& word = selectors[i];
        if (const auto pid = parse_u64(word, 10)) parsed.pids[*pid].push_back(i);
        if (const auto number = parse_u64(word, 16)) {
            parsed.addresses[*number].push_back(i);
            if (word.starts_with("0x")) parsed.pids[*number].push_back(i);
        }
        const bool is_name = names.contains(word);
        if (is_quoted(word) || (!is_name && !word.starts_with('\\') && looks_like_expression(word))) {
            auto expression =
                PosixExpression::compile(is_quoted(word) ? word.substr(1, word.size() - 2) : word);
            if (!expression) return fail(std::move(expression.error()));
            parsed.expressions.push_back({std::move(*expression), i});
        }
        const std::string name = word.starts_with('\\') && !is_name ? word.substr(1) : word;
        parsed.names[name.substr(0, longest_comm)].push_back(i);
    }
    return made;
}

bool TaskSelectors::match_numbers(const Task& task) {
    const bool by_pid = task.pid >= 0 && parsed_->use(parsed_->pids, static_cast<std::uint64_t>(task.pid));
    return parsed_->use(parsed_->addresses, task.address) || by_pid;
}

bool TaskSelectors::match_names(const Task& task) {
    bool matched = parsed_->use(parsed_->names, task.comm);
    for (const auto& [expression, place] : parsed_->expressions)
        if (expression->found_in(task.comm)) matched = parsed_->used[place] = true;
    return matched;
}

bool TaskSelectors::match(const Task& task) {
    const bool by_number = match_numbers(task);
    return match_names(task) || by_number || parsed_->words.empty();
}

bool TaskSelectors::match_process(const Task& task) {
    const bool by_number = match_numbers(task);
    const bool by_name = task.is_group_leader() && match_names(task);
    return by_name || by_number || parsed_->words.empty();
}

Problems TaskSelectors::unmatched() const {
    if (parsed_->no_tasks && !parsed_->words.empty()) return {*parsed_->no_tasks};
    Problems problems;
    for (std::size_t i = 0; i < parsed_->words.size(); ++i)
        if (!parsed_->used[i])
            problems.emplace_back(
                ErrorCode::NotFound,
                fmt::format(
                    "no task has the pid, task address or command name '{}'; `postmortem ps` lists them",
                    escaped(parsed_->words[i])));
    return problems;
}

Result<std::vector<const Task*>> select_tasks(const TaskTable& table,
                                              const std::vector<std::string>& selectors) {
    auto wanted = TaskSelectors::parse(table, selectors);
    if (!wanted) return fail(std::move(wanted.error()));
    std::vector<const Task*> selected;
    for (const Task& task : table.tasks)
        if (wanted->match(task)) selected.push_back(&task);
    Problems unmatched = wanted->unmatched();
    if (!unmatched.empty()) return fail(std::move(unmatched.front()));
    return selected;
}

}  // namespace postmortem
