// The answer to `ipcs`: System V IPC, as /proc/sysvipc lists it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

struct IpcObject {
    std::uint64_t address = 0;  ///< of its shmid_kernel, sem_array or msg_queue
    std::uint32_t key = 0;
    std::int32_t id = 0;
    std::uint32_t uid = 0;
    std::uint32_t mode = 0;   ///< permissions; of shared memory with SHM_DEST and SHM_LOCKED
    std::uint64_t bytes = 0;  ///< of shared memory its size, of a queue what waits in it
    std::uint64_t count = 0;  ///< attachments, semaphores, messages
    std::uint64_t inode = 0;  ///< of shared memory
    std::optional<std::uint64_t> allocated_pages, resident_pages, swapped_pages;  ///< of shared memory
};

struct IpcList {
    std::vector<IpcObject> shared_memory, semaphores, message_queues;
    /// False where there may be more of them.
    bool shared_memory_known = true, semaphores_known = true, message_queues_known = true;
    Problems problems;
};

struct IpcRequest {
    std::string
        task;  ///< -n: whose namespace, a pid or the address of a task_struct; empty: the first process's
    std::vector<std::string> selectors;  ///< ids, or addresses
};

/// NotFound where there is no such task.
POSTMORTEM_API Result<IpcList> ipc_list(const CrashDump& dump, const IpcRequest& request = {});

struct IpcPrinting {
    bool shared_memory = true, semaphores = true, message_queues = true;  ///< -m, -s, -q
    bool details = false;                                                 ///< -M
    bool selected = false;  ///< single objects, each under a header of its own
};
POSTMORTEM_API std::string to_text(const IpcList& list, const IpcPrinting& printing = {});
POSTMORTEM_API std::string to_json(const IpcList& list);

}  // namespace postmortem
