#include <map>
#include <optional>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/file_users.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/fs/open_files.h"
#include "kernel/fs/paths.h"
#include "kernel/mm/vm_areas.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

class FileUserFinder {
  public:
    FileUserFinder(const Kernel& kernel, std::string_view wanted) : kernel_(kernel), path_(wanted) {
        if (!wanted.starts_with('/')) address_ = parse_u64(wanted, 16);
    }

    bool makes_sense() const { return address_ || path_.starts_with('/'); }

    FileUser use_of(const Task& task) {
        FileUser user;
        user.task = mention(task);
        FilesOfTask files = read_open_files(kernel_, task);
        for (Error& error : files.problems) problems_.add(std::move(error));
        user.root = files.root && is_wanted(*files.root);
        user.working_directory = files.working_directory && is_wanted(*files.working_directory);
        for (const FileOfTask& file : files.files) {
            const bool by_address = is_wanted(file.file) || is_wanted(file.dentry) ||
                                    (file.inode && is_wanted(file.inode->address));
            user.open = user.open || by_address || is_wanted(file.path);
        }
        if (task.mm != 0) user.mapped = maps(task);
        return user;
    }

    Problems take_problems() { return problems_.take(); }

  private:
    bool is_wanted(std::uint64_t address) const { return address_ && address != 0 && address == *address_; }
    bool is_wanted(const std::string& path) const { return !address_ && path == path_; }

    // The threads of a process share what was found.
    bool maps(const Task& task) {
        const auto [known, is_new] = mapped_.try_emplace(task.mm, false);
        if (!is_new) return known->second;
        const VmAreas areas = read_vm_areas(kernel_, task.mm);
        for (const Error& error : areas.problems)
            problems_.add("the address space", fmt::format("of pid {}", task.pid), error);
        for (const VmArea& area : areas.areas)
            if (area.file != 0 && is_file_wanted(area.file)) return known->second = true;
        return false;
    }

    bool is_file_wanted(std::uint64_t address) {
        const auto [known, is_new] = files_.try_emplace(address, false);
        if (!is_new) return known->second;
        const Object file = kernel_.object("file", address), dentry = file["f_path"]["dentry"];
        if (address_)
            return known->second = is_wanted(address) || is_wanted(dentry.u64_or(0)) ||
                                   is_wanted(dentry["d_inode"].u64_or(0));
        const auto path = path_of_file(kernel_, file);
        if (!path) problems_.add("the file of an area", path.error());
        return known->second = path && is_wanted(*path);
    }

    const Kernel& kernel_;
    std::string path_;
    std::optional<std::uint64_t> address_;
    std::map<std::uint64_t, bool> mapped_, files_;
    ProblemCollector problems_;
};

}  // namespace

Result<FileUsers> file_users(const CrashDump& dump, const std::string& file) {
    FileUserFinder finder(dump.kernel(), file);
    if (!finder.makes_sense())
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("'{}' is neither a path nor an address", escaped(file)));
    const TaskTable table = read_tasks(dump.kernel());
    FileUsers found{file, {}, table.problems};
    for (const Task& task : table.tasks) {
        FileUser user = finder.use_of(task);
        if (user.root || user.working_directory || user.open || user.mapped)
            found.users.push_back(std::move(user));
    }
    for (Error& problem : finder.take_problems()) found.problems.push_back(std::move(problem));
    return found;
}

}  // namespace postmortem
