# Parsing the standard library, fmt and the other large headers takes longer than parsing our own code. Each target parses
# them once; every file still includes what it uses.
set(postmortem_common_headers <algorithm> <array> <cstdint> <filesystem> <functional> <map> <memory> <mutex> <optional>
                              <span> <string> <string_view> <unordered_map> <variant> <vector> <fmt/format.h>
                              <tl/expected.hpp>)
