// What a task has open: file descriptors (struct files_struct, include/linux/fdtable.h), its root and its
// working directory (struct fs_struct).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"
#include "kernel/sched/tasks.h"

namespace postmortem {

/// What an inode is, by its mode (include/uapi/linux/stat.h), and where its pages are kept.
struct InodeFacts {
    std::uint64_t address = 0;
    std::uint64_t superblock = 0;
    std::uint64_t mode = 0;
    std::uint64_t mapping = 0;                  ///< struct address_space
    std::optional<std::uint64_t> cached_pages;  ///< of the page cache

    /// crash's letters: REG, DIR, LNK, CHR, BLK, FIFO, SOCK; UNKN for an inode without a type.
    std::string_view type() const;
};

Result<InodeFacts> read_inode(const Kernel& kernel, std::uint64_t inode);

struct FileOfTask {
    std::uint64_t descriptor = 0;
    std::uint64_t file = 0;    ///< struct file
    std::uint64_t dentry = 0;  ///< 0 where there is none
    std::optional<InodeFacts> inode;
    std::string path;
};

struct FilesOfTask {
    std::optional<std::string> root, working_directory;  ///< nothing where the task has given them up
    std::vector<FileOfTask> files;
    bool files_known = true;  ///< false where some of the table could not be read
    Problems problems;
};

FilesOfTask read_open_files(const Kernel& kernel, const Task& task);

}  // namespace postmortem
