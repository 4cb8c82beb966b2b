// What a log says of its OOM events, for logs that must say the same.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace postmortem::test {

/// Everything that was read of each event, but for where and when it was printed.
nlohmann::json oom_facts(const std::string& log);

}  // namespace postmortem::test
