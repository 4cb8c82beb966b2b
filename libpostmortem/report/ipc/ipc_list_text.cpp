// `ipcs` as crash 9 prints it (ipcs.c).
#include <fmt/format.h>

#include <postmortem/ipc_list.h>

namespace postmortem {
namespace {

using IpcOut = fmt::appender;

// ipc/shm.c
constexpr std::uint32_t shm_destroyed = 01000, shm_locked = 02000, permissions = 0777;

std::string start_of(const IpcObject& object, std::size_t width) {
    return fmt::format("{:<{}x} {:08x} {:<10} {:<5} {:<5o}", object.address, width, object.key, object.id,
                       object.uid, object.mode & permissions);
}

void print_segment_header(IpcOut out) {
    fmt::format_to(out, "SHMID_KERNEL     KEY      SHMID      UID   PERMS BYTES      NATTCH STATUS\n");
}
void print_array_header(IpcOut out) {
    fmt::format_to(out, "SEM_ARRAY        KEY      SEMID      UID   PERMS NSEMS     \n");
}
void print_queue_header(IpcOut out) {
    fmt::format_to(out, "MSG_QUEUE        KEY      MSQID      UID   PERMS USED-BYTES   MESSAGES    \n");
}

std::string pages(const std::optional<std::uint64_t>& count) {
    return count ? fmt::format("{}", *count) : "-";
}

void print_segment(IpcOut out, const IpcObject& segment, bool details) {
    fmt::format_to(out, "{} {:<10} {:<6} {} {}\n", start_of(segment, 16), segment.bytes, segment.count,
                   segment.mode & shm_destroyed ? "dest" : "", segment.mode & shm_locked ? "locked" : "");
    if (!details) return;
    fmt::format_to(out, "PAGES ALLOCATED/RESIDENT/SWAPPED: {}/{}/{}\nINODE: {:x}\n",
                   pages(segment.allocated_pages), pages(segment.resident_pages),
                   pages(segment.swapped_pages), segment.inode);
}

void print_array(IpcOut out, const IpcObject& array, bool) {
    fmt::format_to(out, "{} {:<10}\n", start_of(array, 16), array.count);
}

void print_queue(IpcOut out, const IpcObject& queue, bool) {
    fmt::format_to(out, "{} {:<12} {:<12}\n", start_of(queue, 16), queue.bytes, queue.count);
}

// Under one header, or each under its own.
void print_objects(IpcOut out, const std::vector<IpcObject>& objects, bool known, void (*header)(IpcOut),
                   void (*one)(IpcOut, const IpcObject&, bool), bool details, bool selected) {
    const bool apart = details || selected;
    if (!apart || (objects.empty() && !selected)) header(out);
    for (const IpcObject& object : objects) {
        if (apart) header(out);
        one(out, object, details);
        if (apart) fmt::format_to(out, "\n");
    }
    if (objects.empty() && !selected) fmt::format_to(out, "({})\n", known ? "none allocated" : "not known");
    if (!apart || (objects.empty() && !selected)) fmt::format_to(out, "\n");
}

}  // namespace

std::string to_text(const IpcList& list, const IpcPrinting& printing) {
    fmt::memory_buffer text;
    const IpcOut out(text);
    if (printing.shared_memory)
        print_objects(out, list.shared_memory, list.shared_memory_known, print_segment_header, print_segment,
                      printing.details, printing.selected);
    if (printing.semaphores)
        print_objects(out, list.semaphores, list.semaphores_known, print_array_header, print_array, false,
                      printing.selected);
    if (printing.message_queues)
        print_objects(out, list.message_queues, list.message_queues_known, print_queue_header, print_queue,
                      false, printing.selected);
    return fmt::to_string(text);
}

}  // namespace postmortem
