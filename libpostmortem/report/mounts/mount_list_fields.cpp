#include <postmortem/mount_list.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<MountPoint>& mount) {
    mount.is("mount point", "A file system, and where it is mounted");
    mount.add("mount", &MountPoint::mount, "its struct mount; its vfsmount before Linux 3.3").address();
    mount.add("superblock", &MountPoint::superblock, "of the file system").address();
    mount.add("type", &MountPoint::type, "ext4, tmpfs, …");
    mount.add("device", &MountPoint::device, "what is mounted, as it was named");
    mount.add("directory", &MountPoint::directory, "where, as the root of the namespace sees it");
    mount.add("root", &MountPoint::root, "which directory of the file system: / but for bind mounts");
    mount.add("major", &MountPoint::major, "of the file system's device");
    mount.add("minor", &MountPoint::minor, "of the file system's device");
    mount.add("id", &MountPoint::id, "as in /proc/PID/mountinfo");
    mount.add("parent_id", &MountPoint::parent_id, "the mount in which its directory lies");
    mount.add("read_only", &MountPoint::read_only, "nothing can be written there");
}

void describe(Describer<MountList>& list) {
    list.is_document();
    list.add("mount_namespace", &MountList::mount_namespace, "its mnt_namespace").address();
    list.add("mounts", &MountList::mounts, "in the kernel's order").answer();
    add_problems(list);
}

std::string to_json(const MountList& list) {
    return json_document(list);
}

std::string to_ndjson(const MountList& list) {
    return ndjson_lines(list);
}

}  // namespace postmortem
