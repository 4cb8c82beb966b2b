// A type file gives on real dumps what their own BTF gives, to the byte. Made of that BTF for the samples,
// and of the DWARF of their vmlinux where the lab has it.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/extract.h>
#include <postmortem/render.h>
#include <postmortem/render_oom.h>

#include "base/text.h"
#include "kernel/kernel.h"
#include "support/files.h"
#include "support/real_dumps.h"
#include "support/temp_dir.h"
#include "types/asked_words.h"
#include "types/find_type_file.h"

namespace type_file_real_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

template <class T>
std::string json(const Result<T>& answer) {
    return answer ? to_json(*answer) : answer.error().message;
}

/// What the commands say, by name; where the types came from is taken out, as it differs by intent.
std::map<std::string, std::string> answers(const CrashDump& dump) {
    BacktraceRequest every_task;
    every_task.which = BacktraceRequest::Which::All;
    SystemInfo system = dump.system_info();
    system.type_source.clear();
    CrashReport report = dump.report();
    report.system.type_source.clear();
    return {{"ps", json(dump.tasks())},          {"bt", json(dump.backtraces(every_task))},
            {"runq", json(dump.run_queues())},   {"oom --table", json(dump.oom_table())},
            {"oom", to_json(dump.oom_state())},  {"cgroups", json(dump.cgroups())},
            {"meminfo", to_json(dump.memory())}, {"panic", to_json(dump.panic())},
            {"log", to_json(dump.log())},        {"sys", to_json(system)},
            {"report", to_json(report)}};
}

std::string without(std::string text, const std::string& part) {
    for (std::size_t at = 0; (at = text.find(part, at)) != npos;) text.erase(at, part.size());
    return text;
}

std::map<std::string, std::string> answers_with(const fs::path& dump, const OpenOptions& options) {
    const auto opened = CrashDump::open(dump, options);
    REQUIRE(opened);
    auto all = answers(*opened);
    for (auto& [question, answer] : all) answer = without(answer, opened->kernel().types().source());
    return all;
}

OpenOptions without_btf() {
    OpenOptions options;
    options.search_vmlinux = false;
    options.types.btf = false;
    return options;
}

using Questions = std::vector<std::string>;

constexpr std::string_view zram_in_use = "\"zram\": {";

void check_same(const std::map<std::string, std::string>& one,
                const std::map<std::string, std::string>& other, const Questions& only = {}) {
    for (const auto& [question, answer] : one) {
        if (!only.empty() && std::find(only.begin(), only.end(), question) == only.end()) continue;
        // A module's BTF goes on where the kernel's own ends: without that there is none of zram's types.
        if (contains(answer, zram_in_use)) continue;
        CAPTURE(question);
        CHECK(answer.size() > 2);
        CHECK(answer == other.at(question));
    }
}

std::vector<fs::path> dumps_with_btf() {
    std::vector<fs::path> found;
    for (const fs::path& path : test::real_dumps("vmcore")) {
        OpenOptions alone;
        alone.search_vmlinux = false;
        const auto dump = CrashDump::open(path, alone);
        if (dump && dump->kernel().types().source() == "BTF" && !dump->kernel().types().damage())
            found.push_back(path);
    }
    return found;
}

}  // namespace

TEST_CASE(
    "with a type file in place of its BTF a dump answers the same, and so does an extract of it alone") {
    const test::TempDir dir;
    const auto dumps = dumps_with_btf();
    REQUIRE_FALSE(dumps.empty());
    for (const fs::path& path : dumps) {
        CAPTURE(path.string());
        const auto dump = CrashDump::open(path);
        REQUIRE(dump);
        const auto expected = answers_with(path, {});
        const Kernel& kernel = dump->kernel();

        // Whoever adds a question in words that are put together finds here that no type file can hold it.
        const auto words = asked_words();
        for (const std::string& name : kernel.types().asked_names())
            CHECK_MESSAGE(std::binary_search(words.begin(), words.end(), name), name);

        const fs::path file = dir.path() / type_file_name(kernel.build());
        REQUIRE(write_type_file(file, make_type_file(kernel.types(), kernel.build(), "BTF", 8)));
        CHECK(fs::file_size(file) < 40'000);
        OpenOptions options = without_btf();
        options.types.given = file;
        check_same(expected, answers_with(path, options));

        ExtractOptions extraction;
        extraction.open = options;
        extraction.compression_level = 1;
        const fs::path small = dir.path() / "small";
        const auto made = extract(path, small, extraction);
        REQUIRE(made);
        // Of what no command asks for it lacks nothing.
        for (const Error& problem : made->problems)
            CHECK_FALSE(contains(problem.message, "members that no command needs"));
        // It may be handed to others: the folder is no business of theirs.
        const std::string bytes = test::file_contents(small);
        CHECK(contains(bytes, file.filename().string()));
        CHECK_FALSE(contains(bytes, dir.path().string()));
        // What the file itself is differs: sys and report tell that.
        check_same(expected, answers_with(small, without_btf()), {"ps", "bt", "runq", "log", "cgroups"});
        fs::remove(file);
    }
}

TEST_CASE("the type file of another build is refused, with the sign that differs") {
    const auto dumps = dumps_with_btf();
    REQUIRE_FALSE(dumps.empty());
    const test::TempDir dir;
    const auto dump = CrashDump::open(dumps.front());
    REQUIRE(dump);
    const Kernel& kernel = dump->kernel();
    KernelBuild other = kernel.build();
    other.build_id = "0123abcd";
    const fs::path file = dir.path() / "other.types";
    REQUIRE(write_type_file(file, make_type_file(kernel.types(), other, "BTF", 8)));
    OpenOptions options;
    options.types.given = file;
    const auto refused = CrashDump::open(dumps.front(), options);
    REQUIRE_FALSE(refused);
    CHECK(contains(refused.error().message, "its build-id is 0123abcd"));
    options.types.given = dir.path() / "absent";
    CHECK_FALSE(CrashDump::open(dumps.front(), options));
}

}  // namespace type_file_real_test
