#include <postmortem/file_users.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<FileUser>& user) {
    user.is("file user", "A task that uses a file");
    user.add("task", &FileUser::task, "which");
    user.add("root", &FileUser::root, "it is its root directory");
    user.add("working_directory", &FileUser::working_directory, "it is its current directory");
    user.add("open", &FileUser::open, "a descriptor leads to it");
    user.add("mapped", &FileUser::mapped, "it is mapped into its address space");
}

void describe(Describer<FileUsers>& users) {
    users.is_document();
    users.add("file", &FileUsers::file, "as it was asked for");
    users.add("users", &FileUsers::users, "in the order of pids").answer();
    add_problems(users);
}

std::string to_json(const FileUsers& users) {
    return json_document(users);
}

}  // namespace postmortem
