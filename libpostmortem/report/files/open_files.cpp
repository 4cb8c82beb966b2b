#include "kernel/fs/open_files.h"

#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/open_files.h>

#include "base/text.h"
#include "kernel/fs/mounts.h"
#include "kernel/fs/paths.h"
#include "report/tasks/context_tasks.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

// A path has it somewhere; the root directory is meant by / alone.
bool is_in_path(std::string_view path, std::string_view reference) {
    return reference == "/" ? path == "/" : contains(path, reference);
}

// What -R looks for.
class FileReference {
  public:
    explicit FileReference(const std::string& text)
        : text_(text), decimal_(parse_u64(text, 10)), hexadecimal_(parse_u64(text, 16)) {}

    bool is_in(const OpenFile& file) const {
        if (decimal_ && file.descriptor == *decimal_) return true;
        if (hexadecimal_ && (file.file == *hexadecimal_ || file.dentry == *hexadecimal_ ||
                             file.inode == *hexadecimal_ || file.mapping == *hexadecimal_))
            return *hexadecimal_ != 0;
        return file.type == text_ || is_in_path(file.path, text_);
    }
    bool is_in(const std::optional<std::string>& path) const { return path && is_in_path(*path, text_); }

  private:
    std::string text_;
    std::optional<std::uint64_t> decimal_, hexadecimal_;
};

OpenFile told(FileOfTask& found) {
    OpenFile file;
    file.descriptor = found.descriptor;
    file.file = found.file;
    file.dentry = found.dentry;
    file.type = "?";
    if (!found.inode) return file;
    file.inode = found.inode->address;
    file.mapping = found.inode->mapping;
    file.cached_pages = found.inode->cached_pages;
    file.type = found.inode->type();
    // A socket without a name of its own hangs at the root of its file system.
    if (file.type != "SOCK" || found.path != "/") file.path = std::move(found.path);
    return file;
}

// False where nothing refers to what is looked for.
bool keep_references(TaskFiles& files, const std::string& wanted) {
    const FileReference reference(wanted);
    std::erase_if(files.files, [&](const OpenFile& file) { return !reference.is_in(file); });
    return !files.files.empty() || reference.is_in(files.root) || reference.is_in(files.working_directory);
}

}  // namespace

Result<OpenFiles> open_files(const CrashDump& dump, const OpenFileRequest& request) {
    const Kernel& kernel = dump.kernel();
    const TaskTable table = read_tasks(kernel);
    auto chosen = context_tasks(kernel, table, request.which);
    if (!chosen) return fail(std::move(chosen.error()));
    OpenFiles answer;
    answer.problems = table.problems;
    for (Error& problem : chosen->problems) answer.problems.push_back(std::move(problem));
    for (const Task* task : chosen->tasks) {
        FilesOfTask found = read_open_files(kernel, *task);
        TaskFiles files{mention(*task), std::move(found.root), std::move(found.working_directory), {}};
        files.files_known = found.files_known;
        for (FileOfTask& file : found.files) files.files.push_back(told(file));
        for (Error& problem : found.problems) answer.problems.push_back(std::move(problem));
        if (request.reference.empty() || keep_references(files, request.reference))
            answer.tasks.push_back(std::move(files));
    }
    if (answer.tasks.empty() && !chosen->tasks.empty())
        answer.problems.emplace_back(
            ErrorCode::NotFound,
            fmt::format("'{}' was found in nothing that these tasks have open", escaped(request.reference)));
    return answer;
}

namespace {

// Where a dentry is seen: below the last mount of its file system, as crash takes it.
Result<std::string> visible_path(const Kernel& kernel, std::uint64_t dentry, std::uint64_t superblock) {
    const TaskTable table = read_tasks(kernel);
    const Task* first = table.by_pid(1);
    if (!first) return fail(ErrorCode::NotFound, "there is no first process whose mounts could be asked");
    const auto space = mount_namespace_of(kernel, first->address);
    if (!space) return fail(space.error());
    const MountTable mounted = read_mounts(kernel, *space);
    const auto found = std::find_if(mounted.mounts.rbegin(), mounted.mounts.rend(),
                                    [&](const Mount& mount) { return mount.superblock == superblock; });
    if (found != mounted.mounts.rend()) return path_of(kernel, found->address, dentry);
    return path_in_file_system(kernel, dentry);
}

}  // namespace

Result<DentryInfo> dentry_info(const CrashDump& dump, std::uint64_t address) {
    const Kernel& kernel = dump.kernel();
    const Object dentry = kernel.object("dentry", address);
    const auto inode = dentry["d_inode"].u64(), superblock = dentry["d_sb"].u64();
    for (const auto* part : {&inode, &superblock})
        if (!*part) return fail(part->error());
    DentryInfo info{address, *inode, *superblock, "N/A", {}, {}};
    if (*inode != 0) {
        const auto facts = read_inode(kernel, *inode);
        // Whatever lies there: the inode of a dentry is of the same file system.
        if (!facts || facts->superblock != *superblock)
            return fail(ErrorCode::InvalidArgument, fmt::format("{:x} is no dentry", address));
        info.type = facts->type();
    }
    if (auto path = visible_path(kernel, address, *superblock))
        info.path = std::move(*path);
    else
        info.problems.push_back(path.error());
    return info;
}

}  // namespace postmortem
