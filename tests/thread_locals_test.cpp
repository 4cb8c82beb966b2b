// Where there is no memory to note the destructor of a thread_local, glibc ends the program: those that have
// one are PerThread's (base/per_thread.h).
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/places.h"

namespace thread_locals_test {

namespace fs = std::filesystem;
using namespace postmortem;
using namespace postmortem::test;

TEST_CASE("each thread_local asserts that it has no destructor to be noted") {
    const std::regex declared(R"(\bthread_local\b[^;={]*\b(\w+)\s*[;={(])");
    int seen = 0;
    for (const std::string room : {"libpostmortem", "tools"})
        for (const auto& entry : fs::recursive_directory_iterator(source_dir() / room)) {
            const std::string extension = entry.path().extension().string();
            if (extension != ".h" && extension != ".cpp") continue;
            std::ifstream file(entry.path());
            std::string text(std::istreambuf_iterator<char>(file), {});
            text = std::regex_replace(text, std::regex("//[^\n]*"), "");
            for (std::sregex_iterator at(text.begin(), text.end(), declared), end; at != end; ++at, ++seen) {
                CAPTURE(entry.path().string());
                CHECK(contains(text, "static_assert(std::is_trivially_destructible_v<decltype(" +
                                         (*at)[1].str() + ")>);"));
            }
        }
    CHECK(seen > 0);
}

}  // namespace thread_locals_test
