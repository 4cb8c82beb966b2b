// Where real dumps lie on this machine, if any: tests that want them say so and pass without them.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace postmortem::test {

/// The file `name` of every scenario directory under $POSTMORTEM_DUMPS (default ~/.cache/postmortem/dumps).
std::vector<std::filesystem::path> real_dumps(std::string_view name);

}  // namespace postmortem::test
