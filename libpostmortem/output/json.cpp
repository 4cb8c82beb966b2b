#include "output/json.h"

#include <fmt/format.h>

#include "base/text.h"

namespace postmortem {

Json json_address(std::uint64_t address) {
    return fmt::format("{:#x}", address);
}

Json json_text(std::string_view text) {
    return escaped(text, true);
}

Json json_text_or_null(std::string_view text) {
    return text.empty() ? Json(nullptr) : json_text(text);
}

Json json_problems(const Problems& problems) {
    Json list = Json::array();
    for (const Error& problem : problems) {
        Json entry{{"code", to_string(problem.code)}, {"message", json_text(problem.message)}};
        entry["address"] = problem.address ? json_address(*problem.address) : Json(nullptr);
        list.push_back(std::move(entry));
    }
    return list;
}

std::string json_document(const Json& document) {
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace postmortem
