// The answer to `files`: what a task had open, its root and its working directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>
#include <postmortem/process_status.h>
#include <postmortem/task_choice.h>

namespace postmortem {

class CrashDump;

struct OpenFile {
    std::uint64_t descriptor = 0;
    std::uint64_t file = 0;     ///< address of its struct file
    std::uint64_t dentry = 0;   ///< 0 where it has none
    std::uint64_t inode = 0;    ///< 0 where it has none
    std::uint64_t mapping = 0;  ///< the address_space that its pages are in
    std::optional<std::uint64_t> cached_pages;
    std::string type;  ///< REG, DIR, LNK, CHR, BLK, FIFO, SOCK, UNKN; ? where there is no inode
    std::string path;  ///< untrusted; a pipe's is empty
};

struct TaskFiles {
    TaskMention task;
    std::optional<std::string> root, working_directory;  ///< untrusted; nothing where the task has none
    std::vector<OpenFile> files;
    bool files_known = true;  ///< false: there may be more
};

struct OpenFiles {
    std::vector<TaskFiles> tasks;
    Problems problems;
};

struct OpenFileRequest {
    TaskChoice which;       ///< without a selector: the task that brought the kernel down
    std::string reference;  ///< -R: tasks and files that this descriptor, address or path is found in
};

POSTMORTEM_API Result<OpenFiles> open_files(const CrashDump& dump, const OpenFileRequest& request);

struct OpenFilePrinting {
    bool pages = false;       ///< -c
    bool reference = false;   ///< -R
    bool in_foreach = false;  ///< crash then separates tasks by one line, and has none behind the last
};
POSTMORTEM_API std::string to_text(const OpenFiles& files, const OpenFilePrinting& printing = {});
POSTMORTEM_API std::string to_json(const OpenFiles& files);
POSTMORTEM_API std::string to_ndjson(const OpenFiles& files);

/// What `files -d` tells of a dentry, and `files -p` of an inode.
struct DentryInfo {
    std::uint64_t dentry = 0, inode = 0, superblock = 0;
    std::string type;  ///< N/A where there is no inode
    std::string path;  ///< in the namespace of the first task; untrusted
    Problems problems;
};
POSTMORTEM_API Result<DentryInfo> dentry_info(const CrashDump& dump, std::uint64_t dentry);
POSTMORTEM_API std::string to_text(const DentryInfo& info);
POSTMORTEM_API std::string to_json(const DentryInfo& info);

}  // namespace postmortem
