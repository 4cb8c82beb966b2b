#include <set>

#include <postmortem/crash_dump.h>
#include <postmortem/names.h>

#include "kernel/kernel.h"
#include "kernel/sched/tasks.h"
#include "types/btf.h"

namespace postmortem {
namespace {

class Names {
  public:
    Names(std::string_view prefix, std::size_t most) : prefix_(prefix), most_(most) {}

    /// False where there is no room for more.
    bool take(std::string_view name) {
        if (name.starts_with(prefix_)) names_.emplace(name);
        return names_.size() < most_;
    }
    std::vector<std::string> list() const { return {names_.begin(), names_.end()}; }

  private:
    std::string_view prefix_;
    std::size_t most_;
    std::set<std::string> names_;
};

void take_symbols(const Kernel& kernel, Names& names) {
    if (const auto symbols = kernel.symbols())
        static_cast<void>(
            (*symbols)->for_each([&](const Symbol& symbol) { return names.take(symbol.name); }));
}

}  // namespace

std::vector<std::string> names_beginning_with(const CrashDump& dump, NameKind kind, std::string_view prefix,
                                              std::size_t most) {
    Names names(prefix, most);
    const Kernel& kernel = dump.kernel();
    switch (kind) {
        case NameKind::Symbol: take_symbols(kernel, names); break;
        case NameKind::Type:
            for_each_type_name(kernel.types(), [&](std::string_view name) { return names.take(name); });
            break;
        case NameKind::Command:
            for (const Task& task : read_tasks(kernel).tasks)
                if (!names.take(task.comm)) break;
            break;
    }
    return names.list();
}

bool is_name(const CrashDump& dump, NameKind kind, std::string_view name) {
    const Kernel& kernel = dump.kernel();
    bool found = false;
    switch (kind) {
        case NameKind::Symbol: return kernel.symbol(name).has_value();
        case NameKind::Type:
            for_each_type_name(kernel.types(),
                               [&](std::string_view other) { return found = other == name, !found; });
            return found;
        case NameKind::Command: break;
    }
    for (const Task& task : read_tasks(kernel).tasks) found = found || task.comm == name;
    return found;
}

}  // namespace postmortem
