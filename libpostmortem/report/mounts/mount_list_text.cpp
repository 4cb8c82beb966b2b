// `mount` as crash 9 prints it (filesys.c: show_mounts()).
#include <fmt/format.h>

#include <postmortem/mount_list.h>

#include "base/text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

constexpr std::size_t name_columns = 17;  // type and device share them, if they can

std::string type_and_device(const MountPoint& mount) {
    std::string text = fmt::format("{:<6} {:<9} ", escaped(mount.type.empty() ? "unknown" : mount.type),
                                   escaped(mount.device.empty() ? "(unknown)" : mount.device));
    while (text.size() > name_columns && text[text.size() - 2] == ' ') text.pop_back();
    return text;
}

}  // namespace

std::string to_text(const MountList& list) {
    const bool narrow = !list.mounts.empty() && list.mounts.front().mount >> 32 == 0;
    const std::size_t width = narrow ? 8 : 16;
    std::string text =
        fmt::format("{} {} TYPE   DEVNAME   DIRNAME\n", centered(list.is_mount ? "MOUNT" : "VFSMOUNT", width),
                    centered("SUPERBLK", width));
    for (const MountPoint& mount : list.mounts)
        text += fmt::format("{:>{}x} {:>{}x} {}{:<10}\n", mount.mount, width, mount.superblock, width,
                            type_and_device(mount), escaped(mount.directory));
    return text;
}

}  // namespace postmortem
