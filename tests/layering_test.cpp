// The dependency rule of docs/architecture.md: a folder includes only itself and the folders above it.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 11> layers = {"base",    "log",   "dump",   "memory", "arch",   "symbols",
                                                     "types", "object", "kernel", "report", "output"};

std::size_t layer_of(std::string_view folder) {
    return static_cast<std::size_t>(std::find(layers.begin(), layers.end(), folder) - layers.begin());
}

// The folder named in `#include "folder/file.h"`; empty for a system or public header.
std::string included_folder(const std::string& line) {
    constexpr std::string_view prefix = "#include \"";
    if (!line.starts_with(prefix)) return {};
    const std::string path = line.substr(prefix.size());
    return path.substr(0, path.find('/'));
}

}  // namespace

TEST_CASE("a folder includes only itself and the folders above it") {
    const fs::path root = fs::path(POSTMORTEM_SOURCE_DIR) / "libpostmortem";
    int includes_seen = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        const std::string extension = entry.path().extension().string();
        if (extension != ".h" && extension != ".cpp") continue;
        const std::string folder = fs::relative(entry.path(), root).begin()->string();
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) {
            const std::string included = included_folder(line);
            if (included.empty()) continue;
            ++includes_seen;
            CAPTURE(entry.path().string());
            CAPTURE(line);
            CHECK_MESSAGE(folder != "include", "public headers are self-contained");
            CHECK(layer_of(included) < layers.size());
            if (folder != "include") CHECK(layer_of(included) <= layer_of(folder));
        }
    }
    CHECK(includes_seen > 0);
}
