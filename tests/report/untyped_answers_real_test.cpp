// An answer made without types may lack what one with them has: null, or left out. Another value in its place
// would be a claim.
#include <algorithm>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <postmortem/address_spaces.h>
#include <postmortem/loaded_modules.h>
#include <postmortem/memory_layout.h>
#include <postmortem/render.h>

#include "support/real_dumps.h"

namespace untyped_answers_real_test {

using namespace postmortem;
using Json = nlohmann::json;

namespace {

CrashDump open(const std::filesystem::path& path, bool with_types) {
    OpenOptions options;
    options.search_vmlinux = false;
    options.types.btf = options.types.files = with_types;
    auto dump = CrashDump::open(path, options);
    REQUIRE(dump);
    return std::move(*dump);
}

/// Values that stand for "not known" where there is a word for it, and lists that a problem tells the lack
/// of.
bool says_nothing(const Json& bare) {
    return bare.is_null() || bare == "unknown" || (bare.is_array() && bare.empty());
}

// Where the bare answer has another value. What an answer is made of, and how whole it is, may differ.
void collect_claims(const Json& known, const Json& bare, const std::string& place,
                    std::vector<std::string>& claims) {
    if (bare == known || says_nothing(bare)) return;
    if (known.is_object() && bare.is_object()) {
        for (const auto& [key, value] : bare.items())
            if (key != "problems" && known.contains(key))
                collect_claims(known[key], value, place + "." + key, claims);
    } else if (known.is_array() && bare.is_array() && known.size() == bare.size()) {
        for (std::size_t i = 0; i < known.size(); ++i)
            collect_claims(known[i], bare[i], place + "[]", claims);
    } else {
        claims.push_back(place + ": " + bare.dump() + " for " + known.dump());
    }
}

template <class T>
std::string json_of(const Result<T>& answer) {
    return answer ? to_json(*answer) : "null";  // which an error tells why
}

struct Question {
    const char* name;
    std::string (*answer)(const CrashDump&);
    std::vector<std::string> may_differ;  ///< keys that tell how much is known
};

const std::vector<Question>& questions() {
    static const std::vector<Question> all = {
        {"sys",
         [](const CrashDump& dump) { return to_json(dump.system_info()); },
         {"type_source", "crash_utc"}},
        {"mod", [](const CrashDump& dump) { return to_json(loaded_modules(dump)); }, {}},
        {"runq",
         [](const CrashDump& dump) { return json_of(dump.run_queues()); },
         {"whole", "on_rq_whole", "fair_groups", "groups_known"}},
        {"kmem -f", [](const CrashDump& dump) { return to_json(free_memory(dump)); }, {}},
        {"vm", [](const CrashDump& dump) { return json_of(address_spaces(dump, {})); }, {}},
        {"oom", [](const CrashDump& dump) { return json_of(dump.oom_table()); }, {"incomplete", "outcome"}},
    };
    return all;
}

}  // namespace

TEST_CASE("an answer without types has nothing else where one with types has a value") {
    for (const auto& path : test::real_dumps("vmcore")) {
        const CrashDump known = open(path, true), bare = open(path, false);
        for (const Question& question : questions()) {
            CAPTURE(path.string());
            CAPTURE(question.name);
            std::vector<std::string> claims;
            collect_claims(Json::parse(question.answer(known)), Json::parse(question.answer(bare)), "",
                           claims);
            std::erase_if(claims, [&](const std::string& claim) {
                const std::string place = claim.substr(0, claim.find(':'));
                return std::any_of(question.may_differ.begin(), question.may_differ.end(),
                                   [&](const std::string& key) { return place.ends_with("." + key); });
            });
            for (const std::string& claim : claims) FAIL_CHECK(claim);
        }
    }
}

}  // namespace untyped_answers_real_test
