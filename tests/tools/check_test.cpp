// `check` as a CI job uses it: exit codes, JUnit, --learn; `panic` and `signature` on logs.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "support/places.h"
#include "support/proc_truth.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace check_test {

using postmortem::test::file_contents;
using postmortem::test::run_postmortem;
using postmortem::test::source_dir;
using postmortem::test::TempDir;

namespace {

std::string crash_log(const char* way) {
    return source_dir().string() + "/testdata/logs/bookworm-mod-" + way + ".log";
}

std::string quiet_log(const TempDir& folder) {
    return folder.write("quiet.log", "[    0.000000] Linux version 6.1.0 (x)\n[    1.000000] all is well\n")
        .string();
}

}  // namespace

TEST_CASE("check: each outcome has its exit code, the worst one counts") {
    const TempDir folder;
    const std::string known = folder
                                  .write("known.yaml",
                                         "- title: kernel BUG in labcrash_bug\n"
                                         "  link: https://bugs.example/7\n")
                                  .string();
    const std::string junk = folder.write("junk", std::string(8192, '\x01')).string();
    CHECK(run_postmortem({"check", "--known", known, quiet_log(folder)}).exit_code == 0);
    CHECK(run_postmortem({"check", "--known", known, quiet_log(folder), crash_log("bug")}).exit_code == 5);
    CHECK(run_postmortem({"check", "--known", known, crash_log("bug"), crash_log("null")}).exit_code == 6);
    CHECK(run_postmortem({"check", "--known", known, crash_log("null"), junk}).exit_code == 3);
    CHECK(run_postmortem({"check", "--known", known, folder.path().string() + "/absent"}).exit_code == 3);
    CHECK(run_postmortem({"check", "--known", folder.path().string() + "/absent", quiet_log(folder)})
              .exit_code == 2);
    CHECK(run_postmortem({"check"}).exit_code == 2);
}

TEST_CASE("check: a bad file of known crashes is named with line and reason") {
    const TempDir folder;
    const std::string bad =
        folder.write("bad.yaml", "- id: 0123456789ab\n- title: \"kernel BUG in (\"\n").string();
    const auto result = run_postmortem({"check", "--known", bad, quiet_log(folder)});
    CHECK(result.exit_code == 2);
    CHECK(result.err.find("bad.yaml:2: ") != std::string::npos);
}

TEST_CASE("check: what was learnt is known the next time") {
    const TempDir folder;
    const std::string known = (folder.path() / "known.yaml").string();
    CHECK(run_postmortem({"check", "--learn", known, "--note", "seen in CI", crash_log("null"),
                          crash_log("gpf"), crash_log("null")})
              .exit_code == 6);
    const auto again = run_postmortem({"check", "--known", known, crash_log("gpf"), crash_log("null")});
    CHECK(again.exit_code == 5);
    CHECK(again.out.find("seen in CI") != std::string::npos);
    CHECK(run_postmortem({"check", "--known", known, crash_log("divide")}).exit_code == 6);
}

TEST_CASE("check: JSON and JUnit tell the same") {
    const TempDir folder;
    const std::string report = (folder.path() / "report.xml").string();
    const auto result =
        run_postmortem({"check", "--json", "--junit", report, crash_log("bug"), quiet_log(folder)});
    const auto json = nlohmann::json::parse(result.out);
    CHECK(json["outcome"] == "new");
    REQUIRE(json["results"].size() == 2);
    CHECK(json["results"][0]["events"][0]["title"] == "kernel BUG in labcrash_bug");
    CHECK(json["results"][0]["events"][0]["outcome"] == "new");
    CHECK(json["results"][1]["outcome"] == "no-crash");
    const std::string xml = file_contents(report);
    CHECK(xml.find("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\"") != std::string::npos);
    CHECK(xml.find("kernel BUG in labcrash_bug") != std::string::npos);
}

TEST_CASE("panic and signature read a log, and have an exit code for one without a crash") {
    const TempDir folder;
    const auto quiet = run_postmortem({"panic", quiet_log(folder)});
    CHECK(quiet.exit_code == 4);
    CHECK(quiet.out.find("no crash in this log") != std::string::npos);
    CHECK(run_postmortem({"signature", quiet_log(folder)}).exit_code == 4);
    CHECK(run_postmortem({"signature", quiet_log(folder)}).out.empty());
    CHECK(run_postmortem({"panic", folder.write("empty", "").string()}).exit_code == 3);

    const auto panic = run_postmortem({"panic", crash_log("divide")});
    CHECK(panic.exit_code == 0);
    CHECK(panic.out.find("divide error in labcrash_divide") != std::string::npos);
    const auto signature =
        nlohmann::json::parse(run_postmortem({"signature", "--json", crash_log("divide")}).out);
    CHECK(signature["cause"]["title"] == "divide error in labcrash_divide");
    CHECK(signature["cause"]["function"] == "labcrash_divide");
    CHECK(signature["cause"]["module"] == "labcrash");
    CHECK(signature["cause"]["corrupted"] == false);
    CHECK(signature["events"].size() >= 1);
    const auto line = run_postmortem({"signature", crash_log("divide")});
    CHECK(line.out == signature["cause"]["id"].get<std::string>() + "  divide error in labcrash_divide\n");
}

TEST_CASE("a dump whose log is lost does not pass for one without a crash") {
    const TempDir folder;
    const std::string whole = file_contents(source_dir().string() + "/testdata/dumps/bookworm-sysrq/vmcore");
    const std::string cut = folder.write("vmcore", whole.substr(0, 100'000)).string();
    for (const char* command : {"panic", "signature"}) CHECK(run_postmortem({command, cut}).exit_code == 1);
    CHECK(run_postmortem({"check", cut}).exit_code == 3);
    CHECK(run_postmortem({"triage", cut}).exit_code == 1);
}

TEST_CASE("triage groups a folder by what its files died of") {
    const TempDir folder;
    for (const char* name : {"a/console.log", "b/console.log"})
        folder.write(name, file_contents(crash_log("null")));
    folder.write("c/console.log", file_contents(crash_log("bug")));
    folder.write("d/quiet.log", "[    0.000000] Linux version 6.1.0 (x)\n[    1.000000] all is well\n");
    folder.write(".hidden/console.log", file_contents(crash_log("bug")));
    const auto result = run_postmortem({"triage", "--json", folder.path().string()});
    CHECK(result.exit_code == 0);
    const auto json = nlohmann::json::parse(result.out);
    CHECK(json["files"] == 4);
    REQUIRE(json["groups"].size() == 2);
    CHECK(json["groups"][0]["count"] == 2);
    CHECK(json["groups"][0]["title"] ==
          "BUG: unable to handle kernel NULL pointer dereference in labcrash_touch");
    CHECK(json["groups"][1]["count"] == 1);
    CHECK(json["without_crash"].size() == 1);
    CHECK(run_postmortem({"triage", folder.path().string() + "/d"}).exit_code == 4);
}

TEST_CASE("triage of a folder passes over the vmlinux that lies in it; one that is named is no log") {
    const TempDir folder;
    folder.write("d/quiet.log", "[    0.000000] Linux version 6.1.0 (x)\n[    1.000000] all is well\n");
    const std::string head = std::string(
                                 "\x7f"
                                 "ELF\x02\x01\x01") +
                             std::string(9, '\0') + '\x02' + std::string(47, '\0');
    const auto vmlinux =
        folder.write("d/vmlinux", head + "\nwatchdog: BUG: soft lockup - CPU#%d stuck for %us! [%s:%d]\n");
    const auto json = nlohmann::json::parse(run_postmortem({"triage", "--json", folder.path().string()}).out);
    CHECK(json["files"] == 1);
    CHECK(json["groups"].empty());
    CHECK(run_postmortem({"triage", folder.path().string()}).exit_code == 4);
    CHECK(run_postmortem({"triage", vmlinux.string()}).exit_code == 1);
    CHECK(run_postmortem({"panic", vmlinux.string()}).exit_code == 3);
}

}  // namespace check_test
