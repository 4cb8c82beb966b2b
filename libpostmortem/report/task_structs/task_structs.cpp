#include <algorithm>

#include <fmt/format.h>

#include <postmortem/task_context.h>
#include <postmortem/task_structs.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/mm/vm_areas.h"
#include "report/tasks/context_tasks.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

constexpr const char* struct_types[] = {"task_struct", "thread_info"};

class TaskStructReader {
  public:
    TaskStructReader(const CrashDump& dump, std::vector<std::string> members)
        : dump_(dump), members_(std::move(members)) {}

    TaskStructs::One read(const Task& task) {
        TaskStructs::One made{mention(task), {}};
        const auto context = task_context(dump_, {fmt::format("{:#x}", task.address), std::nullopt});
        const auto thread_info = context ? context->thread_info : std::nullopt;
        const std::optional<std::uint64_t> places[] = {task.address, thread_info};
        if (members_.empty()) {
            for (std::size_t i = 0; i < 2; ++i)
                if (places[i]) (void)add(made, struct_types[i], "", *places[i]);
            return made;
        }
        for (const std::string& member : members_) {
            bool known = false;
            for (std::size_t i = 0; i < 2; ++i)
                if (places[i] && has(struct_types[i], member))
                    known |= add(made, struct_types[i], member, *places[i]);
            if (known) continue;
            made.parts.push_back({{}, {}, member});
            problems_.add(Error(ErrorCode::NotFound,
                                fmt::format("{} is no member of task_struct or thread_info", member)));
        }
        return made;
    }

    TaskStructs::One read_memory(const Task& task) {
        TaskStructs::One made{mention(task), {}};
        if (task.mm != 0) (void)add(made, "mm_struct", "", task.mm);
        return made;
    }

    TaskStructs::One read_areas(const Task& task) {
        TaskStructs::One made{mention(task), {}};
        if (task.mm == 0) return made;
        const VmAreas areas = read_vm_areas(dump_.kernel(), task.mm);
        problems_.add_all(areas.problems);
        for (const VmArea& area : areas.areas) (void)add(made, "vm_area_struct", "", area.address);
        return made;
    }

    Problems take_problems() { return problems_.take(); }

  private:
    bool has(const char* type, const std::string& member) const {
        const auto& types = dump_.kernel().types();
        const auto id = types.find_struct(type);
        return id && types.member(*id, member.substr(0, member.find_first_of(".["))).has_value();
    }

    // False where there is no such member.
    bool add(TaskStructs::One& made, const char* type, const std::string& member, std::uint64_t at) {
        StructRequest request;
        request.type = member.empty() ? type : fmt::format("{}.{}", type, member);
        request.at = fmt::format("{:#x}", at);
        auto view = struct_view(dump_, request);
        if (!view) {
            if (view.error().code == ErrorCode::NotFound || view.error().code == ErrorCode::InvalidArgument)
                return false;
            problems_.add(type, fmt::format("of pid {}", made.task.pid), view.error());
            return true;
        }
        for (const Error& problem : view->problems) problems_.add(problem);
        for (StructInstance& instance : view->instances)
            made.parts.push_back({type, std::move(instance), {}});
        return true;
    }

    const CrashDump& dump_;
    std::vector<std::string> members_;
    ProblemCollector problems_;
};

bool names_member(const TypeFinder& types, const std::string& word) {
    if (contains(word, ",")) return true;
    return std::any_of(std::begin(struct_types), std::end(struct_types), [&](const char* type) {
        const auto id = types.find_struct(type);
        return id && types.member(*id, word.substr(0, word.find_first_of(".["))).has_value();
    });
}

}  // namespace

Result<TaskStructs> task_structs(const CrashDump& dump, const TaskStructRequest& request) {
    const Kernel& kernel = dump.kernel();
    std::vector<std::string> members;
    const auto add_members = [&](const std::string& list) {
        for (const std::string_view one : split(list, ','))
            if (!one.empty()) members.emplace_back(one);
    };
    for (const std::string& list : request.members) add_members(list);
    const bool of_memory = request.of_memory || request.of_areas;
    TaskChoice choice;
    for (const std::string& word : request.words) {
        const bool is_number = parse_u64(word) || parse_u64(word, 16);
        if (!is_number && !of_memory && names_member(kernel.types(), word))
            add_members(word);
        else
            choice.selectors.push_back(word);
    }
    const TaskTable table = read_tasks(kernel);
    auto chosen = context_tasks(kernel, table, choice);
    if (!chosen) return fail(std::move(chosen.error()));
    TaskStructs made;
    made.problems = std::move(chosen->problems);
    TaskStructReader reader(dump, std::move(members));
    made.of_memory = of_memory;
    for (const Task* task : chosen->tasks)
        made.tasks.push_back(request.of_areas    ? reader.read_areas(*task)
                             : request.of_memory ? reader.read_memory(*task)
                                                 : reader.read(*task));
    for (Error& problem : reader.take_problems()) made.problems.push_back(std::move(problem));
    return made;
}

}  // namespace postmortem
