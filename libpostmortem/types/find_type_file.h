// Where type files lie, and what they are called there.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "types/type_file.h"

namespace postmortem {

/// "RELEASE-BUILDID.types", with the first twelve digits of the build-id, or as much of it as is known. Both
/// come from a dump or a vmlinux: nothing in the name leads to another folder.
std::string type_file_name(const KernelBuild& build);

/// $XDG_CACHE_HOME/postmortem/types, or the same in ~/.cache; nothing where neither is known.
std::optional<std::filesystem::path> type_cache();

struct TypeFileQuery {
    KernelBuild build;
    std::filesystem::path given;   ///< a file, or a folder that is searched first; may be empty
    std::filesystem::path beside;  ///< the dump's folder; may be empty
    bool use_cache = true;
    std::filesystem::path root = "/";  ///< the file system that is searched
};

struct FoundTypeFile {
    TypeFile file;
    std::filesystem::path path;
};

/// Reads the file. Errors: Io; Unsupported; Corrupt; InvalidArgument where it is of another build: the
/// message says what differs.
Result<TypeFile> read_type_file(const std::filesystem::path& path, const KernelBuild& build);

/// The given file or folder, else those *.types beside the dump, in the cache and in
/// /usr/share/postmortem/types that are called by the release or the build-id. One of another build, or one
/// that cannot be read, is passed over, a given file excepted; one that was made for fewer names than this
/// program asks for is taken where there is no other. NotFound says where it looked, any other error what it
/// passed over.
Result<FoundTypeFile> find_type_file(const TypeFileQuery& query);

/// Writes the file, which appears when it is whole; everybody may read it.
Result<void> write_type_file(const std::filesystem::path& path, const TypeFile& file);

}  // namespace postmortem
