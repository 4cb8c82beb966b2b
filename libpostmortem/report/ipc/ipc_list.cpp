#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/ipc_list.h>

#include "base/text.h"
#include "kernel/ipc/ipc_objects.h"
#include "report/tasks/task_selection.h"

namespace postmortem {
namespace {

IpcObject ipc_object(const IpcIdentity& identity) {
    IpcObject object;
    object.address = identity.address;
    object.key = identity.key;
    object.id = identity.id;
    object.uid = identity.uid;
    object.mode = identity.mode;
    return object;
}

IpcList told(const IpcObjects& found, std::uint64_t page_size) {
    IpcList list;
    for (const SharedSegment& segment : found.segments) {
        IpcObject& object = list.shared_memory.emplace_back(ipc_object(segment.identity));
        object.bytes = segment.bytes;
        object.count = segment.attached;
        object.inode = segment.inode;
        object.allocated_pages = segment.bytes / page_size + (segment.bytes % page_size != 0);
        object.resident_pages = segment.resident_pages;
        object.swapped_pages = segment.swapped_pages;
    }
    for (const SemaphoreArray& array : found.arrays)
        list.semaphores.emplace_back(ipc_object(array.identity)).count = array.semaphores;
    for (const MessageQueue& queue : found.queues) {
        IpcObject& object = list.message_queues.emplace_back(ipc_object(queue.identity));
        object.bytes = queue.bytes;
        object.count = queue.messages;
    }
    list.shared_memory_known = found.segments_known;
    list.semaphores_known = found.arrays_known;
    list.message_queues_known = found.queues_known;
    list.problems = found.problems;
    return list;
}

bool is_named(const IpcObject& object, const std::string& word) {
    const auto id = parse_i64(word);
    const auto address = parse_u64(word, 16);
    return (id && object.id == *id) || (address && object.address == *address);
}

void keep_named(IpcList& list, const std::vector<std::string>& words) {
    if (words.empty()) return;
    std::vector<bool> used(words.size(), false);
    for (auto* objects : {&list.shared_memory, &list.semaphores, &list.message_queues})
        std::erase_if(*objects, [&](const IpcObject& object) {
            bool named = false;
            for (std::size_t i = 0; i < words.size(); ++i)
                if (is_named(object, words[i])) named = used[i] = true;
            return !named;
        });
    for (std::size_t i = 0; i < words.size(); ++i)
        if (!used[i])
            list.problems.emplace_back(
                ErrorCode::NotFound,
                fmt::format("'{}' is the id or address of no IPC object", escaped(words[i])));
}

}  // namespace

Result<IpcList> ipc_list(const CrashDump& dump, const IpcRequest& request) {
    const Kernel& kernel = dump.kernel();
    const TaskTable table = read_tasks(kernel);
    const auto tasks = select_tasks(table, {request.task.empty() ? "1" : request.task});
    if (!tasks) return fail(tasks.error());
    const auto space = ipc_namespace_of(kernel, tasks->front()->address);
    if (!space) return fail(space.error());
    IpcList list = told(read_ipc_objects(kernel, *space), kernel.dump().page_size());
    keep_named(list, request.selectors);
    return list;
}

}  // namespace postmortem
