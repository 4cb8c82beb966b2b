// `files` as crash 9 prints it (filesys.c: open_files_dump(), file_dump()).
#include <fmt/format.h>

#include <postmortem/open_files.h>

#include "base/text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

using FilesOut = fmt::appender;

std::size_t file_pointer_width(const TaskFiles& files) {
    return files.task.task >> 32 == 0 ? 8 : 16;
}

std::string file_pointer(std::uint64_t address, std::size_t width) {
    return address == 0 ? centered("?", width) : centered(fmt::format("{:x}", address), width, true);
}

void print_file(FilesOut out, const OpenFile& file, std::size_t width, bool pages) {
    const std::string type = fmt::format("{:<4}", file.type);
    const std::string path = file.type == "?" ? "?" : escaped(file.path);
    fmt::format_to(out, "{:>3} ", file.descriptor);
    if (pages)
        fmt::format_to(out, "{} {} {:>7} {} {}\n", file_pointer(file.inode, width),
                       file_pointer(file.mapping, std::max<std::size_t>(width, 9)),
                       file.cached_pages ? fmt::format("{}", *file.cached_pages) : "-", type, path);
    else
        fmt::format_to(out, "{} {} {} {} {}\n", file_pointer(file.file, width),
                       file_pointer(file.dentry, width), file_pointer(file.inode, width), type, path);
}

void print_files_header(FilesOut out, std::size_t width, bool pages) {
    if (pages)
        fmt::format_to(out, " FD {} {} NRPAGES TYPE PATH\n", centered("INODE", width),
                       centered("I_MAPPING", std::max<std::size_t>(width, 9), width == 8));
    else
        fmt::format_to(out, " FD {} {} {} TYPE PATH\n", centered("FILE", width), centered("DENTRY", width),
                       centered("INODE", width));
}

void print_task_files(FilesOut out, const TaskFiles& files, const OpenFilePrinting& printing) {
    fmt::format_to(out, "{}", task_header(files.task));
    if (files.root || files.working_directory)
        fmt::format_to(out, "ROOT: {}    CWD: {}{}\n", escaped(files.root.value_or("-")),
                       escaped(files.working_directory.value_or("-")), printing.reference ? " " : "");
    const std::size_t width = file_pointer_width(files);
    if (!files.files.empty())
        print_files_header(out, width, printing.pages);
    else if (!printing.reference)
        fmt::format_to(out, "{}\n", files.files_known ? "No open files" : "Open files: not known");
    for (const OpenFile& file : files.files) print_file(out, file, width, printing.pages);
}

}  // namespace

std::string to_text(const OpenFiles& files, const OpenFilePrinting& printing) {
    fmt::memory_buffer text;
    const FilesOut out(text);
    bool first = true;
    for (const TaskFiles& task : files.tasks) {
        if (!first && !printing.reference) fmt::format_to(out, "\n");
        first = false;
        print_task_files(out, task, printing);
        if (printing.reference || !printing.in_foreach) fmt::format_to(out, "\n");
    }
    return fmt::to_string(text);
}

std::string to_text(const DentryInfo& info) {
    const std::size_t width = info.dentry >> 32 == 0 ? 8 : 16;
    return fmt::format("{} {} {} TYPE PATH\n{:>{}x} {:>{}x} {} {:<4} {}\n", centered("DENTRY", width),
                       centered("INODE", width), centered("SUPERBLK", width), info.dentry, width, info.inode,
                       width, centered(fmt::format("{:x}", info.superblock), width), info.type,
                       escaped(info.path));
}

}  // namespace postmortem
