// Writes the dump fuzzer's seeds: one small dump of every kind.
#include <filesystem>
#include <fstream>

#include "support/sample_dumps.h"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    std::filesystem::create_directories(argv[1]);
    for (const auto& sample : postmortem::test::sample_dumps(postmortem::test::make_memory(14))) {
        std::ofstream out(std::filesystem::path(argv[1]) / sample.name, std::ios::binary);
        out.write(reinterpret_cast<const char*>(sample.file.data()),
                  static_cast<std::streamsize>(sample.file.size()));
        if (!out.flush()) return 1;
    }
    return 0;
}
