// System V IPC (ipc/shm.c, sem.c, msg.c, util.h): shared memory, semaphores and message queues of a
// namespace, as /proc/sysvipc lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

/// struct kern_ipc_perm, which each of them begins with.
struct IpcIdentity {
    std::uint64_t address = 0;
    std::uint32_t key = 0;
    std::int32_t id = 0;
    std::uint32_t uid = 0;
    std::uint32_t mode = 0;
};

struct SharedSegment {
    IpcIdentity identity;
    std::uint64_t bytes = 0, attached = 0;
    std::uint64_t inode = 0;  ///< of the file in shmem that holds it
    std::optional<std::uint64_t> resident_pages, swapped_pages;
};

struct SemaphoreArray {
    IpcIdentity identity;
    std::uint64_t semaphores = 0;
};

struct MessageQueue {
    IpcIdentity identity;
    std::uint64_t bytes = 0, messages = 0;
};

struct IpcObjects {
    std::vector<SharedSegment> segments;
    std::vector<SemaphoreArray> arrays;
    std::vector<MessageQueue> queues;
    bool segments_known = true, arrays_known = true, queues_known = true;  ///< the tables could be read
    Problems problems;
};

/// The namespace of a task: task->nsproxy->ipc_ns. NotFound for a task that has given it up.
Result<std::uint64_t> ipc_namespace_of(const Kernel& kernel, std::uint64_t task);

/// Each list in the order of its ids' lower halves, as the kernel keeps them.
IpcObjects read_ipc_objects(const Kernel& kernel, std::uint64_t ipc_namespace);

}  // namespace postmortem
