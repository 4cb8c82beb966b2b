// Root filesystems that cannot be mounted, filesystems that shut down, references that never go away,
// reboots.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

EventRule message(EventClass event_class, std::string_view head, std::string_view title) {
    return {.event_class = event_class,
            .head = head,
            .detail = {},
            .title = title,
            .has_no_trace = true,
            .one_line = true};
}

void add_filesystems(RuleBook& book) {
    const TriggerOptions passes = {.meeting = Meeting::Passes};
    book.add("VFS: Close: file count is 0", {},
             {message(EventClass::OtherBug, "VFS: Close: file count is 0",
                      "VFS: Close: file count is zero (use-after-free)")});
    book.add("VFS: Busy inodes after unmount", {},
             {message(EventClass::OtherBug, "VFS: Busy inodes after unmount",
                      "VFS: Busy inodes after unmount (use-after-free)")});
    // Which filesystem and which device would make many titles of one bug.
    book.add("BUG:", {},
             {{.event_class = EventClass::FilesystemError,
               .head = "BUG: Dentry {*}still in use ({num_}) [{unmount} of {text}]",
               .detail = {},
               .title = "BUG: Dentry still in use in {1}",
               .alternative = "BUG: Dentry still in use [{1} of {2}]"}});
    const EventRule xfs = message(EventClass::FilesystemShutdown, "XFS ({*}): ", "XFS: shut down");
    for (const std::string_view literal :
         {"xfs_do_force_shutdown", "Shutting down filesystem", "Filesystem has been shut down"}) {
        book.add(literal, passes, {xfs});
    }
    book.add("emounting filesystem read-only", passes,
             {message(EventClass::FilesystemShutdown, "{EXT2|EXT3|EXT4}-fs{*}emounting filesystem read-only",
                      "{1}-fs: remounted read-only")});
    book.add("Stopped filesystem due to reason", passes,
             {message(EventClass::FilesystemShutdown,
                      "F2FS-fs ({*}): Stopped filesystem due to reason: {num_}", "F2FS: stopped")});
    book.add("Filesystem has been set read-only", passes,
             {message(EventClass::FilesystemShutdown, "FAT-fs ({*}): Filesystem has been set read-only",
                      "FAT-fs: set read-only")});
    book.add("switched to read-only mode", passes,
             {message(EventClass::FilesystemShutdown, "UBIFS error{*}switched to read-only mode",
                      "UBIFS: switched to read-only")});
    book.add("File system is now read-only", passes,
             {message(EventClass::FilesystemShutdown, "OCFS2: {*}File system is now read-only",
                      "OCFS2: set read-only")});
    book.add("forced readonly", passes,
             {message(EventClass::FilesystemShutdown, "BTRFS{*}forced readonly", "BTRFS: forced read-only")});
}

}  // namespace

void add_boot_and_filesystem_rules(RuleBook& book) {
    add_filesystems(book);
    book.add("unregister_netdevice: waiting for", {.meeting = Meeting::Passes},
             {message(EventClass::NetdeviceReference, "unregister_netdevice: waiting for {*} to become free",
                      "unregister_netdevice: waiting for DEV to become free")});
    book.add("Booting the kernel.", {.unless = {"Parsing ELF", "Decompressing Linux", "Unknown parameter '"}},
             {message(EventClass::Reboot, "{start}Booting the kernel", "unexpected kernel reboot")});
}

}  // namespace postmortem
