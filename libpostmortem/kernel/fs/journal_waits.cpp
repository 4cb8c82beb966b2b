#include "kernel/fs/journal_waits.h"

#include <memory>

#include "kernel/module/module_types.h"
#include "object/field.h"

namespace postmortem {
namespace {

struct JournalQueue {
    std::string_view member;
    bool for_handles;  ///< woken up by jbd2_journal_stop(), otherwise by the journal's thread
};

constexpr JournalQueue journal_queues[] = {
    {"j_wait_done_commit", false},
    {"j_wait_transaction_locked", false},
    {"j_wait_updates", true},
};

/// task->journal_info is the file system's own: a handle_t of jbd2 leads to one of the journal's
/// transactions.
std::vector<std::uint64_t> users_of(const Kernel& kernel, const TaskTable& table, const TypeFinder& types,
                                    const Object& journal) {
    std::vector<std::uint64_t> users;
    const auto info = Field::find(kernel.types(), "task_struct", {"journal_info"});
    const auto transaction = Field::find(types, "jbd2_journal_handle", {"h_transaction"});
    if (!info || !transaction) return users;
    const std::uint64_t running = journal["j_running_transaction"].u64_or(0),
                        committing = journal["j_committing_transaction"].u64_or(0);
    for (const Task& task : table.tasks) {
        const std::uint64_t handle = info->u64_or(kernel.memory(), task.address, 0);
        const std::uint64_t own = handle != 0 ? transaction->u64_or(kernel.memory(), handle, 0) : 0;
        if (own != 0 && (own == running || own == committing)) users.push_back(task.address);
    }
    return users;
}

}  // namespace

std::optional<JournalWait> find_journal_wait(const Kernel& kernel, const TaskTable& table,
                                             std::uint64_t queue) {
    std::unique_ptr<TypeFinder> own;
    const TypeFinder* types = &kernel.types();
    if (!types->find_struct("journal_s")) {
        auto of_module = read_module_types(kernel, "jbd2");
        if (!of_module) return std::nullopt;
        own = std::move(*of_module);
        types = own.get();
    }
    const auto type = types->find_struct("journal_s");
    if (!type) return std::nullopt;
    for (const JournalQueue& known : journal_queues) {
        const auto offset = types->offset_of("journal_s", known.member);
        if (!offset || queue < *offset) continue;
        const Object journal(kernel.memory(), *types, *type, queue - *offset);
        const Task* thread = table.by_address(journal["j_task"].u64_or(0));
        if (!thread || !thread->comm.starts_with("jbd2/")) continue;
        JournalWait wait{journal.address(), known.member, 0, {}};
        if (known.for_handles)
            wait.users = users_of(kernel, table, *types, journal);
        else
            wait.thread = thread->address;
        return wait;
    }
    return std::nullopt;
}

}  // namespace postmortem
