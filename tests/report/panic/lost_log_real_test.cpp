// Real dumps of each architecture whose log is lost: what the stack tells is where the panic came from, not
// where it stopped the machine; and a log that cannot be read says all that may be the reason.
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <postmortem/crash_dump.h>

#include "base/text.h"
#include "support/changed_dump.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace lost_log_real_test {

using namespace postmortem;
using test::run_postmortem;

TEST_CASE("where the log is lost the place is that of the cause, not where the CPU came to rest") {
    for (const char* sample :
         {"arm64-trixie-sysrq", "riscv64-trixie-sysrq", "s390x-trixie-sysrq", "bookworm-sysrq"}) {
        CAPTURE(std::string(sample));
        const test::TempDir dir;
        const auto dumps = test::source_dir() / "testdata/dumps";
        test::ChangedDump dump(sample);
        dump.lose(dump.kernel().symbol("printk_rb_static").value());
        dump.save(dir.path() / "vmcore");
        const auto panic = run_postmortem({"panic", "--json", (dir.path() / "vmcore").string()});
        CHECK(panic.exit_code == 1);
        const auto cause = nlohmann::json::parse(panic.out)["cause"];
        const auto told = nlohmann::json::parse(
            run_postmortem({"panic", "--json", (dumps / sample / "vmcore").string()}).out)["cause"];
        CHECK(cause["title"] == "kernel panic: sysrq triggered crash");
        for (const char* field : {"id", "function", "offset"}) CHECK(cause[field] == told[field]);
    }
}

TEST_CASE("where the log has but the end of an oops, the stack tells of what it was") {
    const test::TempDir dir;
    const auto sample = test::source_dir() / "testdata/dumps/bookworm-mod-null/vmcore";
    test::ChangedDump dump("bookworm-mod-null");
    const Kernel& kernel = dump.kernel();
    const std::uint64_t buffer = kernel.word("log_buf").value(), page = 4096;
    const std::uint64_t end = buffer + kernel.number<std::uint32_t>("log_buf_len").value();
    bool lost = false;
    for (std::uint64_t at = buffer; at < end && !lost; at += page) {
        const auto bytes = kernel.memory().bytes(at, page);
        lost = bytes && contains(as_text(*bytes), "BUG: kernel NULL pointer dereference");
        if (lost) dump.lose(at);
    }
    REQUIRE(lost);
    dump.save(dir.path() / "vmcore");
    const auto told =
        nlohmann::json::parse(run_postmortem({"panic", "--json", sample.string()}).out)["cause"];
    for (const char* command : {"panic", "signature", "report"}) {
        CAPTURE(std::string(command));
        const auto answer = run_postmortem({command, "--json", (dir.path() / "vmcore").string()});
        CHECK(answer.exit_code != 0);
        const auto cause = nlohmann::json::parse(answer.out)["cause"];
        for (const char* field : {"id", "function"}) CHECK(cause[field] == told[field]);
    }
}

TEST_CASE("a log that cannot be read without page tables says that they are lost, in JSON, too") {
    const test::TempDir dir;
    test::ChangedDump dump("s390x-trixie-sysrq");
    dump.lose(dump.kernel().symbol("swapper_pg_dir").value());
    dump.save(dir.path() / "without-tables");
    dump.lose(dump.kernel().symbol("prb").value());
    dump.save(dir.path() / "without-log");
    const auto whole = run_postmortem({"log", "--json", (dir.path() / "without-tables").string()});
    CHECK(whole.exit_code == 0);
    CHECK(nlohmann::json::parse(whole.out)["problems"].empty());
    const auto lost = run_postmortem({"log", "--json", (dir.path() / "without-log").string()});
    CHECK(lost.exit_code == 1);
    const auto problems = nlohmann::json::parse(lost.out)["problems"];
    REQUIRE(problems.size() == 2);
    CHECK(problems[0]["message"].get<std::string>().find("swapper_pg_dir") != std::string::npos);
}

}  // namespace lost_log_real_test
