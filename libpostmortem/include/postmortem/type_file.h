// Type files: what dumps of kernels without BTF need of a vmlinux, in some ten kilobytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <postmortem/api.h>
#include <postmortem/error.h>

namespace postmortem {

struct TypeFileSummary {
    std::filesystem::path path;
    std::uint64_t bytes = 0;
    std::string release;   ///< of the kernel; empty where the vmlinux does not tell
    std::string build_id;  ///< hex; empty where it has none
    std::string origin;    ///< "DWARF" or "BTF"
};

/// Makes a type file of a vmlinux. `target` is a file or a folder that is there, in which it gets the name
/// that is looked for; empty stands for the user's cache. It appears when it is whole. Errors: those of
/// opening a vmlinux (Io, Unsupported, Corrupt, MissingDebugInfo).
POSTMORTEM_API Result<TypeFileSummary> make_type_file(const std::filesystem::path& vmlinux,
                                                      const std::filesystem::path& target = {});

/// The user's cache of type files, whether it is there or not; nothing where the environment names no home.
POSTMORTEM_API std::optional<std::filesystem::path> type_file_cache();

}  // namespace postmortem
