#include "sandbox.h"

#include <cstdint>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tool {
namespace {

// What Landlock knows since its first version and this program wants in its own folders alone. Files that
// exist are the filter's affair: it lets none be opened for writing.
constexpr std::uint64_t making_a_file =
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR;
constexpr std::uint64_t kept = making_a_file | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                               LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                               LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                               LANDLOCK_ACCESS_FS_MAKE_SYM;

// Its run-time starts programs and threads of its own.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool has_sanitizer = true;
#elif defined(__has_feature)
constexpr bool has_sanitizer = __has_feature(address_sanitizer);
#else
constexpr bool has_sanitizer = false;
#endif

class Descriptor {
  public:
    explicit Descriptor(long number) : number_(static_cast<int>(number)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }

  private:
    int number_;
};

bool give_up_privileges() {
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

}  // namespace

bool has_nameless_files(const std::filesystem::path& folder) {
    return Descriptor(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)).is_open();
}

bool keep_folders(const std::vector<std::filesystem::path>& writable) {
    landlock_ruleset_attr rules{};
    rules.handled_access_fs = kept;
    const Descriptor set(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0));
    if (!set.is_open()) return false;
    for (const std::filesystem::path& path : writable) {
        const Descriptor folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!folder.is_open()) continue;  // what is to be made there fails then, and says so
        landlock_path_beneath_attr rule{};
        rule.allowed_access = making_a_file;
        rule.parent_fd = folder.number();
        if (::syscall(SYS_landlock_add_rule, set.number(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
            return false;
    }
    return give_up_privileges() && ::syscall(SYS_landlock_restrict_self, set.number(), 0) == 0;
}

bool enter_sandbox(const SandboxFolders& folders) {
    if constexpr (has_sanitizer) return false;
    std::vector<std::filesystem::path> all = folders.needed;
    all.insert(all.end(), folders.useful.begin(), folders.useful.end());
    const bool kept_to_folders = keep_folders(all);
    if (!kept_to_folders && !folders.needed.empty()) return false;
    return give_up_privileges() &&
           filter_system_calls(kept_to_folders ? NewFiles::Allowed : NewFiles::Denied);
}

}  // namespace tool
