// The answer to `fuser`: which tasks use a file, and as what.
#pragma once

#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>
#include <postmortem/process_status.h>

namespace postmortem {

class CrashDump;

struct FileUser {
    TaskMention task;
    bool root = false, working_directory = false;  ///< it is its root, its current directory
    bool open = false;                             ///< a descriptor leads to it
    bool mapped = false;                           ///< an area of its address space
};

struct FileUsers {
    std::string file;  ///< as it was asked for
    std::vector<FileUser> users;
    Problems problems;
};

/// `file` is a path, or the address of a struct file, dentry or inode. InvalidArgument where it is neither.
POSTMORTEM_API Result<FileUsers> file_users(const CrashDump& dump, const std::string& file);

POSTMORTEM_API std::string to_text(const FileUsers& users);
POSTMORTEM_API std::string to_json(const FileUsers& users);

}  // namespace postmortem
