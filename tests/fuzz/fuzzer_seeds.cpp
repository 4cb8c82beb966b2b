// Writes what each fuzzer starts from, a folder for each.
#include <filesystem>
#include <fstream>

#include "support/fuzz_parsers.h"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    for (const auto& target : postmortem::test::parser_targets()) {
        const std::filesystem::path folder = std::filesystem::path(argv[1]) / target.name;
        std::filesystem::create_directories(folder);
        int number = 0;
        for (const auto& seed : target.seeds()) {
            std::ofstream out(folder / std::to_string(number++), std::ios::binary);
            out.write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
            if (!out.flush()) return 1;
        }
    }
    return 0;
}
