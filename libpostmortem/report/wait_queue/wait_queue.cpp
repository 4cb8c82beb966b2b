#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/wait_queue.h>

#include "base/text.h"
#include "kernel/lists.h"
#include "kernel/symbol_finder.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

constexpr std::size_t most_waiters = 1u << 16;

// Of a typedef, as pg_data_t is one, the struct behind it.
std::string struct_named(const TypeFinder& types, const std::string& name) {
    if (types.find(TypeKind::Struct, name)) return name;
    const auto alias = types.find(TypeKind::Typedef, name);
    return alias && !types.get(*alias).name.empty() ? types.get(*alias).name : name;
}

Result<std::uint64_t> place_of(const Kernel& kernel, const std::string& what, const std::string& address) {
    const std::size_t dot = what.find('.');
    if (dot == what.npos) {
        if (const auto number = parse_u64(what, 16); number && address.empty()) return *number;
        return kernel.symbol(what);
    }
    const auto start = parse_u64(address, 16);
    if (!start)
        return fail(ErrorCode::InvalidArgument, fmt::format("{} needs the address of a struct {}",
                                                            escaped(what), escaped(what.substr(0, dot))));
    const auto field = Field::find(kernel.types(), struct_named(kernel.types(), what.substr(0, dot)),
                                   {what.substr(dot + 1)});
    if (!field) return fail(field.error());
    return field->address_in(*start);
}

// The names of 4.13 on (ac6424b981bc, 2055da97389a), and those before.
struct QueueLayout {
    explicit QueueLayout(const Kernel& kernel)
        : head(Field::find(kernel.types(), "wait_queue_head", {"head"})),
          link(Field::find(kernel.types(), "wait_queue_entry", {"entry"})),
          waiter(Field::find(kernel.types(), "wait_queue_entry", {"private"})),
          function(Field::find(kernel.types(), "wait_queue_entry", {"func"})) {
        if (link) return;
        head = Field::find(kernel.types(), "__wait_queue_head", {"task_list"});
        link = Field::find(kernel.types(), "__wait_queue", {"task_list"});
        waiter = Field::find(kernel.types(), "__wait_queue", {"private"});
        function = Field::find(kernel.types(), "__wait_queue", {"func"});
    }
    Result<Field> head, link, waiter, function;
};

// What wakes a waiter up is a function; where there is none, something else lies on the list.
bool may_be_function(std::uint64_t address, const std::optional<SymbolHit>& hit) {
    if (address == 0) return false;
    return !hit || std::string_view("tTwWi").find(hit->symbol.type) != std::string_view::npos;
}

}  // namespace

Result<WaitQueue> wait_queue(const CrashDump& dump, const std::string& what, const std::string& address) {
    const Kernel& kernel = dump.kernel();
    const auto place = place_of(kernel, what, address);
    if (!place) return fail(place.error());
    const QueueLayout layout(kernel);
    for (const auto* field : {&layout.head, &layout.link, &layout.waiter, &layout.function})
        if (!*field) return fail(field->error());
    const TaskTable table = read_tasks(kernel);
    const SymbolFinder symbols(kernel);
    WaitQueue queue;
    queue.queue = *place;
    if (kernel.symbol(what)) queue.name = what;
    queue.problems = table.problems;
    bool is_queue = true;
    const auto walked = for_each_list_node(
        kernel.memory(), layout.head->address_in(*place),
        [&](std::uint64_t node) {
            QueueWaiter& waiter = queue.waiters.emplace_back();
            waiter.entry = node - layout.link->offset();
            const auto task = layout.waiter->u64(kernel.memory(), waiter.entry);
            const auto function = layout.function->u64(kernel.memory(), waiter.entry);
            if (!task || !function) {
                queue.problems.push_back(!task ? task.error() : function.error());
                return true;
            }
            const auto hit = symbols.at(*function);
            if (!may_be_function(*function, hit)) {
                is_queue = false;
                return false;
            }
            if (const Task* found = table.by_address(*task)) waiter.task = mention(*found);
            if (hit) waiter.function = hit->symbol.name;
            return true;
        },
        most_waiters);
    if (!is_queue)
        return fail(
            ErrorCode::InvalidArgument,
            fmt::format("{} is no wait queue: an entry has no function that wakes it up", escaped(what)));
    if (!walked) {
        if (queue.waiters.empty()) return fail(walked.error());
        queue.problems.push_back(walked.error());
    }
    if (auto damage = symbols.take_damage()) queue.problems.push_back(std::move(*damage));
    return queue;
}

}  // namespace postmortem
