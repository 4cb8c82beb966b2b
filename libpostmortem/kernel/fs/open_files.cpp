#include "kernel/fs/open_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/fs/paths.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_descriptors = 1u << 24;  // sysctl fs.nr_open is 1048576 as shipped
constexpr std::uint64_t descriptors_at_once = 4096;

constexpr std::uint64_t type_bits = 0170000;
constexpr std::pair<std::uint64_t, std::string_view> inode_types[] = {
    {0100000, "REG"}, {0120000, "LNK"},  {0040000, "DIR"},  {0020000, "CHR"},
    {0060000, "BLK"}, {0010000, "FIFO"}, {0140000, "SOCK"},
};

class OpenFileReader {
  public:
    OpenFileReader(const Kernel& kernel, const Task& task)
        : kernel_(kernel), task_(kernel.object("task_struct", task.address)), pid_(task.pid) {}

    FilesOfTask read() {
        read_directories();
        read_descriptors();
        found_.problems = problems_.take();
        return std::move(found_);
    }

  private:
    void problem(std::string_view what, const Error& error) {
        problems_.add(what, fmt::format("of pid {}", pid_), error);
    }

    void lost(const Error& error) {
        found_.files_known = false;
        problem("the open files", error);
    }

    void read_directories() {
        const Object fs = task_["fs"];
        const auto address = fs.u64();
        if (!address) return problem("root and working directory", address.error());
        if (*address == 0) return;
        auto root = path_of(kernel_, fs["root"]), working = path_of(kernel_, fs["pwd"]);
        if (root)
            found_.root = std::move(*root);
        else
            problem("the root directory", root.error());
        if (working)
            found_.working_directory = std::move(*working);
        else
            problem("the working directory", working.error());
    }

    void read_descriptors() {
        const Object files = task_["files"];
        const auto address = files.u64();
        if (!address) return lost(address.error());
        if (*address == 0) return;
        const Object table = files["fdt"];
        const auto count = table["max_fds"].u64(), open = table["open_fds"].u64(), array = table["fd"].u64();
        for (const auto* part : {&count, &open, &array})
            if (!*part) return lost(part->error());
        if (*count > most_descriptors) return lost(Error(ErrorCode::Corrupt, "a table of impossible size"));
        for (std::uint64_t first = 0; first < *count; first += descriptors_at_once)
            read_descriptors(*open, *array, first, std::min(*count, first + descriptors_at_once));
    }

    // The bitmap says which of the array's pointers are in use.
    void read_descriptors(std::uint64_t open, std::uint64_t array, std::uint64_t first, std::uint64_t end) {
        const AddressSpace& memory = kernel_.memory();
        const std::uint64_t word = memory.word_size(), bits = word * 8;
        for (std::uint64_t start = first; start < end; start += bits) {
            const auto set = memory.word(open + start / 8);
            if (!set) return lost(set.error());
            for (std::uint64_t i = 0; i < bits && start + i < end; ++i) {
                if ((*set >> i & 1) == 0) continue;
                const auto file = memory.word(array + (start + i) * word);
                if (!file)
                    problem("an open file", file.error());
                else if (*file != 0)
                    add(start + i, *file);
            }
        }
    }

    void add(std::uint64_t descriptor, std::uint64_t address) {
        FileOfTask found;
        found.descriptor = descriptor;
        found.file = address;
        const Object file = kernel_.object("file", address);
        const Object dentry = file["f_path"]["dentry"];
        const auto name = dentry.u64();
        if (!name) problem("an open file", name.error());
        found.dentry = name.value_or(0);
        if (found.dentry != 0) {
            const auto inode = dentry["d_inode"].u64();
            auto facts = inode ? read_inode(kernel_, *inode) : fail(inode.error());
            if (facts)
                found.inode = std::move(*facts);
            else if (!inode || *inode != 0)
                problem("the inode of an open file", facts.error());
            auto path = path_of_file(kernel_, file);
            if (path)
                found.path = std::move(*path);
            else
                problem("the path of an open file", path.error());
        }
        found_.files.push_back(std::move(found));
    }

    const Kernel& kernel_;
    Object task_;
    std::int32_t pid_;
    FilesOfTask found_;
    ProblemCollector problems_;
};

}  // namespace

std::string_view InodeFacts::type() const {
    for (const auto& [bits, name] : inode_types)
        if ((mode & type_bits) == bits) return name;
    return "UNKN";
}

Result<InodeFacts> read_inode(const Kernel& kernel, std::uint64_t inode) {
    if (inode == 0) return fail(ErrorCode::NotFound, "no inode");
    const Object object = kernel.object("inode", inode);
    const auto mode = object["i_mode"].u64(), superblock = object["i_sb"].u64(),
               mapping = object["i_mapping"].u64();
    for (const auto* part : {&mode, &superblock, &mapping})
        if (!*part) return fail(part->error());
    InodeFacts facts{inode, *superblock, *mode, *mapping, std::nullopt};
    if (const auto pages = object["i_mapping"]["nrpages"].u64()) facts.cached_pages = *pages;
    return facts;
}

FilesOfTask read_open_files(const Kernel& kernel, const Task& task) {
    return OpenFileReader(kernel, task).read();
}

}  // namespace postmortem
