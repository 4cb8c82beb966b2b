#include "kernel/ipc/ipc_objects.h"

#include "base/problem_collector.h"
#include "kernel/idr.h"

namespace postmortem {
namespace {

// IPC_SEM_IDS, IPC_MSG_IDS, IPC_SHM_IDS (ipc/util.h): the places in ipc_namespace.ids.
constexpr std::uint64_t semaphore_ids = 0, message_ids = 1, shared_memory_ids = 2;

class IpcReader {
  public:
    IpcReader(const Kernel& kernel, std::uint64_t space)
        : kernel_(kernel), ids_(kernel.object("ipc_namespace", space)["ids"]) {}

    IpcObjects read() {
        found_.segments_known = each(shared_memory_ids, [&](std::uint64_t address) { add_segment(address); });
        found_.arrays_known = each(semaphore_ids, [&](std::uint64_t address) { add_array(address); });
        found_.queues_known = each(message_ids, [&](std::uint64_t address) { add_queue(address); });
        found_.problems = problems_.take();
        return std::move(found_);
    }

  private:
    // False where entries may be missing.
    template <class Add>
    bool each(std::uint64_t kind, Add add) {
        bool known = true;
        for_each_idr_entry(
            ids_.at(kind)["ipcs_idr"],
            [&](std::uint64_t, std::uint64_t entry) {
                add(entry);
                return true;
            },
            [&](const Error& error) {
                known = false;
                problems_.add("a table of IPC ids", error);
            });
        return known;
    }

    // An entry of the tables is the kern_ipc_perm, the first member of all three.
    std::optional<IpcIdentity> identity_of(std::uint64_t address) {
        const Object perm = kernel_.object("kern_ipc_perm", address);
        const auto key = perm["key"].u64(), id = perm["id"].u64(), uid = perm["uid"].u64(),
                   mode = perm["mode"].u64();
        for (const auto* part : {&key, &id, &uid, &mode})
            if (!*part) {
                problems_.add("an IPC object", part->error());
                return std::nullopt;
            }
        if (perm["deleted"].u64_or(0) != 0) return std::nullopt;
        return IpcIdentity{address, static_cast<std::uint32_t>(*key), static_cast<std::int32_t>(*id),
                           static_cast<std::uint32_t>(*uid), static_cast<std::uint32_t>(*mode)};
    }

    // A value, or a problem and 0: which the caller tells by `whole`.
    std::uint64_t value(const Object& object, bool& whole) {
        const auto read = object.u64();
        if (!read) problems_.add("an IPC object", read.error());
        whole = whole && read.has_value();
        return read.value_or(0);
    }

    void add_segment(std::uint64_t address) {
        const auto identity = identity_of(address);
        if (!identity) return;
        const Object segment = kernel_.object("shmid_kernel", address);
        bool whole = true;
        SharedSegment made{
            *identity, value(segment["shm_segsz"], whole), value(segment["shm_nattch"], whole), 0, {}, {}};
        if (!whole) return;
        const Object file = segment["shm_file"];
        const Object inode = file.has("f_inode") ? file["f_inode"] : file["f_path"]["dentry"]["d_inode"];
        made.inode = inode.u64_or(0);
        if (const auto pages = inode["i_mapping"]["nrpages"].u64()) made.resident_pages = *pages;
        if (const auto swapped = inode.deref().container("shmem_inode_info", "vfs_inode")["swapped"].u64())
            made.swapped_pages = *swapped;
        found_.segments.push_back(made);
    }

    void add_array(std::uint64_t address) {
        const auto identity = identity_of(address);
        if (!identity) return;
        bool whole = true;
        const std::uint64_t count = value(kernel_.object("sem_array", address)["sem_nsems"], whole);
        if (whole) found_.arrays.push_back({*identity, count});
    }

    void add_queue(std::uint64_t address) {
        const auto identity = identity_of(address);
        if (!identity) return;
        const Object queue = kernel_.object("msg_queue", address);
        bool whole = true;
        const std::uint64_t bytes = value(queue["q_cbytes"], whole), messages = value(queue["q_qnum"], whole);
        if (whole) found_.queues.push_back({*identity, bytes, messages});
    }

    const Kernel& kernel_;
    Object ids_;
    IpcObjects found_;
    ProblemCollector problems_;
};

}  // namespace

Result<std::uint64_t> ipc_namespace_of(const Kernel& kernel, std::uint64_t task) {
    const Object proxy = kernel.object("task_struct", task)["nsproxy"];
    const auto address = proxy.u64();
    if (!address) return fail(address.error());
    if (*address == 0) return fail(ErrorCode::NotFound, "the task has given up its namespaces");
    return proxy["ipc_ns"].u64();
}

IpcObjects read_ipc_objects(const Kernel& kernel, std::uint64_t ipc_namespace) {
    return IpcReader(kernel, ipc_namespace).read();
}

}  // namespace postmortem
