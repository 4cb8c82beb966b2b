// Which of many files is the dump: in a directory such as /var/crash/DATE or /var/crash itself, or in an
// archive; told by content and not by name: distributions call it vmcore, dump.DATE, vmcore.flat, … .
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dump/container/folder_entry.h"
#include "dump/container/open_context.h"

namespace postmortem {

/// What the first bytes of a file say of it, those within a compressed one included.
enum class FileKind { Dump, Archive, Other };
FileKind kind_of(const ByteSource& file);
/// Of one that is none: a sentence.
std::string why_no_dump(const ByteSource& file);
/// An ELF executable is all that can be told by its first bytes.
bool is_vmlinux(const ByteSource& file);

/// The same, of a file: often one lies beside a dump.
bool looks_like_vmlinux_file(const std::filesystem::path& path);

/// The directory in which a dump lies, or which it is; of a bare name the current one.
std::filesystem::path folder_of(const std::filesystem::path& dump);

/// The files in a directory. Errors: Io.
Result<std::vector<FolderEntry>> list_directory(const std::filesystem::path& directory);

/// The newest dump in a directory, or else in those right below it; an archive where there is none. Errors:
/// Io; NotFound.
Result<std::unique_ptr<DumpFile>> open_directory(const std::filesystem::path& directory,
                                                 const OpenContext& context);

/// The newest dump of an archive, with the vmlinux that lies in it.
Result<std::unique_ptr<DumpFile>> open_archive(std::unique_ptr<ByteSource> archive,
                                               const OpenContext& context);

}  // namespace postmortem
