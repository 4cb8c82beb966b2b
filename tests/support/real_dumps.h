// Dumps of real kernels: the samples in testdata/dumps, or fresh ones of the lab where $POSTMORTEM_DUMPS
// names them.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace postmortem::test {

/// $POSTMORTEM_DUMPS, else testdata/dumps of this repository.
std::filesystem::path real_dumps_folder();

/// The file `name` of every scenario directory under $POSTMORTEM_DUMPS (default: testdata/dumps of this
/// repository).
std::vector<std::filesystem::path> real_dumps(std::string_view name);

}  // namespace postmortem::test
