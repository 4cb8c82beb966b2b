// Files that are written beside the answer: each is there as a whole, or as it was before.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

#include <postmortem/api.h>
#include <postmortem/error.h>

namespace postmortem {

/// Makes `text` the content of a file, which appears when it is whole; a device or a pipe is written to.
/// Errors: Io, which names the file and the reason.
POSTMORTEM_API Result<void> write_file(const std::filesystem::path& path, std::string_view text);

/// Appends to a file, and makes it where there is none; where not all of `text` fits it is as before.
/// Errors: Io, which names the file and the reason.
POSTMORTEM_API Result<void> append_to_file(const std::filesystem::path& path, std::string_view text);

/// Removes what this process has begun to write and not finished (extracts, type files, and those above): for
/// a program that a signal ends, and may be called by its handler.
POSTMORTEM_API void remove_unfinished_files() noexcept;

/// For a program that a SIGBUS ends, and may be called by its handler: writes "FILE: it cannot be read at byte
/// N, …" into `text`, as far as it fits, where `address` lies in a file that this library has mapped. Most of a
/// dump is read without mapping it: pages that a disk does not give are missing, and the rest answers. What
/// says where they lie (headers, bitmaps, descriptors) is mapped. How many characters it wrote, 0 for another
/// address.
POSTMORTEM_API std::size_t describe_bus_error(const void* address, std::span<char> text) noexcept;

}  // namespace postmortem
