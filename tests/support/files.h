// Reads whole files.
#pragma once

#include <filesystem>
#include <string>

namespace postmortem::test {

/// Empty where the file cannot be read.
std::string file_contents(const std::filesystem::path& path);

}  // namespace postmortem::test
