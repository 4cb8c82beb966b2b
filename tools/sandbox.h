// What a dump's bytes could do if they took over the program that reads them: nothing but read files, and
// write the answer. Dumps are untrusted, and who reads them is root more often than not.
#pragma once

#include <filesystem>
#include <vector>

namespace tool {

/// Where new files may be made: without those that are needed a command cannot do what it was asked for.
struct SandboxFolders {
    std::vector<std::filesystem::path> needed = {}, useful = {};
};

/// From here on this process, and no thread of it, can run programs, reach the network, change other
/// processes, or open a file that exists for writing; new files it can make in `folders` alone, beside files
/// without a name. To be called while there is one thread. False where the system has no such means; then it
/// is as free as before. Without Landlock (Linux 5.13) nothing can be made in folders, and where some are
/// needed there is no sandbox.
bool enter_sandbox(const SandboxFolders& folders);

/// Whether its file system can make a file without a name (O_TMPFILE), which no sandbox has to allow.
bool has_nameless_files(const std::filesystem::path& folder);

/// The two means by themselves: system calls are filtered (seccomp), and folders are kept (Landlock).
enum class NewFiles : bool { Denied, Allowed };
bool filter_system_calls(NewFiles new_files);
bool keep_folders(const std::vector<std::filesystem::path>& writable);

}  // namespace tool
