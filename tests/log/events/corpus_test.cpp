// Measures the analyser against collections of real logs that are not part of the project: POSTMORTEM_CORPUS
// names a folder with "syz" (headers TITLE, ALT, CORRUPTED in front of each log, as in syzkaller's
// pkg/report/testdata) and "oops" (logs, each with a JSON file of what they say). Each mismatch is printed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <postmortem/log_analysis.h>

namespace corpus_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

struct Expectation {
    std::vector<std::string> titles;
    bool corrupted = false;
};

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> files_of(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

// Splits a file into its header and the log; a file without a header is all log.
Expectation take_header(std::string_view& text) {
    Expectation expected;
    std::string_view rest = text;
    while (true) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        const auto value = [&](std::string_view key) {
            return line.starts_with(key) ? std::string(line.substr(key.size())) : std::string();
        };
        if (const std::string title = value("TITLE: ") + value("ALT: "); !title.empty()) {
            expected.titles.push_back(title);
        }
        if (line.starts_with("CORRUPTED: Y")) expected.corrupted = true;
        if (line.empty() || end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    if (!text.starts_with('\n') && expected.titles.empty()) return expected;
    text = rest;
    return expected;
}

bool is_the_fuzzers_own(const std::string& title) {
    return title.starts_with("SYZ") || title.starts_with("lost connection") || title.starts_with("no output");
}

bool says_corpus(fs::path& folder, std::string_view name) {
    const char* root = std::getenv("POSTMORTEM_CORPUS");
    if (root == nullptr) {
        MESSAGE("skipped: POSTMORTEM_CORPUS names no folder with collections of logs");
        return false;
    }
    folder = fs::path(root) / name;
    return fs::is_directory(folder);
}

struct Score {
    std::size_t right = 0, all = 0;
    void add(bool is_right) { ++all, right += is_right ? 1 : 0; }
    double share() const { return all == 0 ? 1 : static_cast<double>(right) / static_cast<double>(all); }
    std::string text() const { return fmt::format("{}/{} = {:.1f} %", right, all, share() * 100); }
};

}  // namespace

TEST_CASE("syzkaller's collection: titles, silence, torn reports") {
    fs::path folder;
    if (!says_corpus(folder, "syz")) return;
    Score titles, silence, corrupted;
    for (const fs::path& path : files_of(folder)) {
        const std::string content = read_file(path);
        std::string_view log = content;
        const Expectation expected = take_header(log);
        const LogAnalysis analysis = analyse_log_text(log);
        const LogEvent* first = analysis.events.empty() ? nullptr : &analysis.events.front();
        const std::string title = first ? first->title : "";
        if (expected.titles.empty()) {
            silence.add(first == nullptr);
            if (first) fmt::print("{}: must be silent, said: {}\n", path.filename().string(), title);
            continue;
        }
        if (is_the_fuzzers_own(expected.titles.front())) continue;
        const bool same =
            std::find(expected.titles.begin(), expected.titles.end(), title) != expected.titles.end();
        if (!expected.corrupted) titles.add(same);
        if (!same) {
            fmt::print("{}: {}expected: {}\n      said: {}\n", path.filename().string(),
                       expected.corrupted ? "(corrupted) " : "", expected.titles.front(), title);
        }
        corrupted.add(first && first->corrupted == expected.corrupted);
        if (first && first->corrupted != expected.corrupted) {
            fmt::print("{}: corrupted should be {}: {} ({})\n", path.filename().string(), expected.corrupted,
                       title, first->corruption);
        }
    }
    fmt::print("titles {}, silence {}, corrupted {}\n", titles.text(), silence.text(), corrupted.text());
    CHECK(titles.share() >= 0.97);
    CHECK(silence.share() == 1);
    CHECK(corrupted.share() >= 0.9);
}

TEST_CASE("real oopses: headline, function, kernel, comm") {
    fs::path folder;
    if (!says_corpus(folder, "oops")) return;
    Score headline, function, kernel, comm;
    for (const fs::path& path : files_of(folder)) {
        if (path.extension() != ".json") continue;
        const auto json = nlohmann::json::parse(read_file(path));
        const std::string name = path.stem().string();
        const LogAnalysis analysis = analyse_log_text(read_file(fs::path(path).replace_extension(".txt")));
        const auto wanted = [&](const char* key) {
            return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : std::string();
        };
        const auto first = [&](auto member) {
            return analysis.events.empty() ? std::string() : std::string(member(analysis.events.front()));
        };
        const auto compare = [&](Score& score, const char* key, const std::string& said, bool is_right) {
            score.add(is_right);
            if (!is_right) fmt::print("{}: {}: expected {}\n      said {}\n", name, key, wanted(key), said);
        };
        if (const std::string want = wanted("first_headline"); !want.empty()) {
            const std::string said = first([](const LogEvent& event) { return event.headline; });
            compare(headline, "first_headline", said, said.find(want) != std::string::npos);
        } else if (json.value("expect_no_kernel_crash_headline", false)) {
            compare(headline, "silence", first([](const LogEvent& event) { return event.headline; }),
                    analysis.events.empty());
        }
        if (const std::string want = wanted("ip_function"); !want.empty()) {
            // Where a watchdog stood is the instruction pointer, but not the place to look at.
            const std::string said =
                first([](const LogEvent& event) { return event.ip ? event.ip->symbol : event.function; });
            compare(function, "ip_function", said, said == want);
        }
        if (const std::string want = wanted("kernel"); !want.empty()) {
            const std::string said = first([](const LogEvent& event) { return event.kernel; });
            compare(kernel, "kernel", said, said == want);
        }
        if (const std::string want = wanted("comm"); !want.empty()) {
            const std::string said = first([](const LogEvent& event) { return event.comm; });
            compare(comm, "comm", said, said == want);
        }
    }
    fmt::print("headline {}, function {}, kernel {}, comm {}\n", headline.text(), function.text(),
               kernel.text(), comm.text());
    CHECK(headline.share() >= 0.98);
    CHECK(function.share() >= 0.98);
    CHECK(kernel.share() >= 0.98);
    CHECK(comm.share() >= 0.98);
}

}  // namespace corpus_test
