// Real kernels with debug symbols, as testdata/ scripts leave them in a cache folder. They are far too large
// to be committed; a test that needs one says that it did not run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace postmortem::test {

struct CachedKernel {
    std::string suite;  ///< bookworm, …
    std::filesystem::path folder;
    std::filesystem::path vmlinux() const { return folder / "vmlinux"; }
};

/// Those that are there, from $POSTMORTEM_CACHE or ~/.cache/postmortem, in the order of their age.
std::vector<CachedKernel> cached_kernels();

}  // namespace postmortem::test
