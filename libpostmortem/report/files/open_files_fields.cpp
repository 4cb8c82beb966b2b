#include <postmortem/open_files.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<OpenFile>& file) {
    file.is("open file", "A file descriptor of a task");
    file.add("descriptor", &OpenFile::descriptor, "its number");
    file.add("file", &OpenFile::file, "its struct file").address();
    file.add("dentry", &OpenFile::dentry, "its dentry").address().or_null();
    file.add("inode", &OpenFile::inode, "its inode").address().or_null();
    file.add("mapping", &OpenFile::mapping, "the address_space that its pages are in").address().or_null();
    file.add("cached_pages", &OpenFile::cached_pages, "how many of them are in memory");
    file.add("type", &OpenFile::type,
             "REG, DIR, LNK, CHR, BLK, FIFO, SOCK, or UNKN for an inode without a type");
    file.add("path", &OpenFile::path, "its path; a socket's or an eventfd's name").or_null();
}

void describe(Describer<TaskFiles>& files) {
    files.is("task files", "What a task has open");
    files.add("task", &TaskFiles::task, "whose");
    files.add("root", &TaskFiles::root, "its root directory");
    files.add("working_directory", &TaskFiles::working_directory, "its current directory");
    files.add("files", &TaskFiles::files, "by descriptor");
    files.add("files_known", &TaskFiles::files_known, "false where some could not be read");
}

void describe(Describer<OpenFiles>& files) {
    files.is_document();
    files.add("tasks", &OpenFiles::tasks, "in the order in which crash prints them").answer();
    add_problems(files);
}

void describe(Describer<DentryInfo>& info) {
    info.is_document();
    info.add("dentry", &DentryInfo::dentry, "its address").address();
    info.add("inode", &DentryInfo::inode, "its inode; null for a name without a file").address().or_null();
    info.add("superblock", &DentryInfo::superblock, "its file system").address();
    info.add("type", &DentryInfo::type, "as of an open file; N/A where there is no inode");
    info.add("path", &DentryInfo::path, "where the first process sees it");
    add_problems(info);
}

std::string to_json(const OpenFiles& files) {
    return json_document(files);
}

std::string to_ndjson(const OpenFiles& files) {
    return ndjson_lines(files);
}

std::string to_json(const DentryInfo& info) {
    return json_document(info);
}

}  // namespace postmortem
