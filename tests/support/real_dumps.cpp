#include "support/real_dumps.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "support/places.h"

namespace postmortem::test {
namespace fs = std::filesystem;

fs::path real_dumps_folder() {
    const char* chosen = std::getenv("POSTMORTEM_DUMPS");
    return chosen ? fs::path(chosen) : test::source_dir() / "testdata/dumps";
}

std::vector<fs::path> real_dumps(std::string_view name) {
    const fs::path root = real_dumps_folder();
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root, error)) {
        const fs::path candidate = entry.path() / name;
        if (fs::is_regular_file(candidate, error)) found.push_back(candidate);
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace postmortem::test
