#include <postmortem/ipc_list.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<IpcObject>& object) {
    object.is("IPC object", "Shared memory, a set of semaphores or a message queue of System V IPC");
    object.add("address", &IpcObject::address, "its shmid_kernel, sem_array or msg_queue").address();
    object.add("key", &IpcObject::key, "as given to shmget(2), semget(2), msgget(2)");
    object.add("id", &IpcObject::id, "its number");
    object.add("uid", &IpcObject::uid, "of its owner");
    object.add("mode", &IpcObject::mode, "permissions; 512 more: to be destroyed, 1024 more: locked");
    object.add("bytes", &IpcObject::bytes, "of shared memory its size, of a queue what waits in it");
    object.add("count", &IpcObject::count, "of attachments, of semaphores, of messages");
    object.add("inode", &IpcObject::inode, "that holds shared memory").address().or_left_out();
    object.add("allocated_pages", &IpcObject::allocated_pages, "of shared memory").or_left_out();
    object.add("resident_pages", &IpcObject::resident_pages, "of them, in memory").or_left_out();
    object.add("swapped_pages", &IpcObject::swapped_pages, "of them, in swap").or_left_out();
}

void describe(Describer<IpcList>& list) {
    list.is_document();
    list.add("shared_memory", &IpcList::shared_memory, "segments, in the kernel's order");
    list.add("semaphores", &IpcList::semaphores, "arrays of semaphores");
    list.add("message_queues", &IpcList::message_queues, "queues");
    list.add("shared_memory_known", &IpcList::shared_memory_known, "false where some could not be read");
    list.add("semaphores_known", &IpcList::semaphores_known, "false where some could not be read");
    list.add("message_queues_known", &IpcList::message_queues_known, "false where some could not be read");
    add_problems(list);
}

std::string to_json(const IpcList& list) {
    return json_document(list);
}

}  // namespace postmortem
