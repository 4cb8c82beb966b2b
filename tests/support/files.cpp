#include "support/files.h"

#include <fstream>
#include <iterator>

namespace postmortem::test {

std::string file_contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace postmortem::test
