#include "support/cached_kernels.h"

#include <cstdlib>

namespace postmortem::test {

namespace fs = std::filesystem;

std::vector<CachedKernel> cached_kernels() {
    const char* cache = std::getenv("POSTMORTEM_CACHE");
    const char* home = std::getenv("HOME");
    const fs::path root =
        cache != nullptr ? fs::path(cache) : fs::path(home != nullptr ? home : "/") / ".cache/postmortem";
    std::vector<CachedKernel> found;
    for (const char* suite : {"bullseye", "bookworm", "trixie", "sid"}) {
        CachedKernel kernel{suite, root / "kernels" / suite};
        std::error_code ignored;
        if (fs::exists(kernel.vmlinux(), ignored)) found.push_back(std::move(kernel));
    }
    return found;
}

}  // namespace postmortem::test
