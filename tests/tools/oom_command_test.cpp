// The oom command on logs that real kernels wrote, and on what is no log of an OOM.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace oom_command_test {

using postmortem::test::run_postmortem;
using postmortem::test::source_dir;
using Json = nlohmann::json;

namespace {

std::string staged(const char* name) {
    return (source_dir() / "testdata" / "logs" / "oom" / name).string();
}

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("oom lists the events of a log and shows the last") {
    const auto result = run_postmortem({"oom", staged("sid.log")});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    CHECK(holds(result.out, "   1  "));
    CHECK(holds(result.out, "OOM event 15 "));
    CHECK(holds(result.out, "panicked"));
    CHECK_FALSE(holds(result.out, "####"));  // bars are for terminals
}

TEST_CASE("oom shows the event that is asked for, sorted as it is asked for") {
    const auto first = run_postmortem({"oom", "--event", "1", staged("sid.log")});
    CHECK(first.exit_code == 0);
    CHECK(holds(first.out, "OOM event 1 "));
    CHECK_FALSE(holds(first.out, "OOM event 2 "));
    CHECK(holds(first.out, "9f2c4b21-77aa-4c1e-9d0e-3b6f5a1c2d3e"));
    const auto all =
        run_postmortem({"oom", "--event", "all", "--sort", "rss", "--top", "1", staged("sid.log")});
    CHECK(holds(all.out, "OOM event 1 "));
    CHECK(holds(all.out, "OOM event 15 "));
    CHECK(holds(all.out, "by rss"));
    CHECK(run_postmortem({"oom", "--event", "99", staged("sid.log")}).exit_code == 2);
    CHECK(run_postmortem({"oom", "--event", "0", staged("sid.log")}).exit_code == 2);
    CHECK(run_postmortem({"oom", "--sort", "colour", staged("sid.log")}).exit_code == 2);
}

TEST_CASE("oom as JSON is one document") {
    const auto all = run_postmortem({"oom", "--json", staged("sid.log")});
    CHECK(all.exit_code == 0);
    const Json json = Json::parse(all.out);
    CHECK(json["event_count"] == 15);
    CHECK(json["events"].size() == 15);
    CHECK(json["events"][4]["victims"].size() == 3);
    CHECK(json["problems"].empty());
    const Json one = Json::parse(run_postmortem({"oom", "--json", "--event", "6", staged("sid.log")}).out);
    CHECK(one["events"].size() == 1);
    CHECK(one["events"][0]["number"] == 6);
    CHECK(one["events"][0]["scope"] == "global");
    CHECK(one["event_count"] == 15);
}

TEST_CASE("oom --tree shows where in the hierarchy limits were met") {
    const auto text = run_postmortem({"oom", "--tree", staged("sid.log")});
    CHECK(text.exit_code == 0);
    CHECK(holds(text.out, "limit met 2x"));
    CHECK(holds(text.out, "web.service"));
    CHECK(holds(text.out, "3 killed"));
    const Json json = Json::parse(run_postmortem({"oom", "--tree", "--json", staged("sid.log")}).out);
    CHECK(json["groups"][0]["path"] == "/");
    CHECK(json["groups"].size() > 5);
}

TEST_CASE("oom says when there is nothing, and what it cannot read") {
    const postmortem::test::TempDir folder;
    const auto file = [&](const char* name, std::string_view content) {
        return folder.write(name, content).string();
    };
    const auto quiet = run_postmortem({"oom", file("quiet", "[    0.000000] Linux version 6.1\n")});
    CHECK(quiet.exit_code == 4);
    CHECK(quiet.out.empty());
    CHECK(holds(quiet.err, "no OOM event"));
    const auto empty = run_postmortem({"oom", "--json", file("empty", "")});
    CHECK(empty.exit_code == 4);
    CHECK(Json::parse(empty.out)["events"].empty());
    CHECK(run_postmortem({"oom", folder.path().string() + "/absent"}).exit_code == 3);
    CHECK(run_postmortem({"oom", file("cut", "KDUMP   \x06")}).exit_code == 3);
    CHECK(run_postmortem({"oom"}).exit_code == 2);
    const auto torn = run_postmortem(
        {"oom",
         file("torn", "Out of memory: Killed process 7 (x) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n")});
    CHECK(torn.exit_code == 1);
    CHECK(holds(torn.out, "Not in the log"));
}

TEST_CASE("panic on a log whose only events are OOM kills names them and points here") {
    const postmortem::test::TempDir folder;
    const auto log = folder
                         .write("kills",
                                "Out of memory: Killed process 12345 (java) total-vm:8kB, anon-rss:4kB, "
                                "file-rss:0kB\nOut of memory: Killed process 12346 (node) total-vm:8kB, "
                                "anon-rss:4kB, file-rss:0kB\n")
                         .string();
    const auto result = run_postmortem({"panic", log});
    CHECK(result.exit_code == 4);
    CHECK(holds(result.out, "no crash in this log"));
    CHECK(holds(result.out, "java (pid 12345) was killed, the first of 2, line 1; the machine went on"));
    CHECK(holds(result.out, "postmortem oom " + log));
}

TEST_CASE("where an OOM was is not where it was reported from") {
    const auto result = run_postmortem({"panic", staged("sid.log")});
    CHECK_FALSE(holds(result.out, "WHERE: dump_header"));
    CHECK_FALSE(holds(result.out, "WHERE: out_of_memory"));
}

TEST_CASE("zeros, and the first word of a dump, are no log without events") {
    const postmortem::test::TempDir dir;
    const auto zeros = dir.write("zeros", std::string(5000, '\0')),
               few = dir.write("few", std::string(8, '\0'));
    const auto elf = dir.write("elf",
                               "\x7f"
                               "ELF");
    const auto empty = dir.write("empty", ""), late = dir.write("late", std::string(5000, '\0') + "text\n");
    constexpr int unusable = 3, nothing = 4;
    for (const auto& file : {zeros, few, elf})
        for (const std::string command : {"oom", "panic", "signature", "check"}) {
            CAPTURE(file.filename().string());
            CAPTURE(command);
            CHECK(run_postmortem({command, file.string()}).exit_code == unusable);
        }
    CHECK(run_postmortem({"oom", zeros.string()}).err.find("nothing but zeros") != std::string::npos);
    CHECK(run_postmortem({"oom", late.string()}).exit_code == nothing);
    CHECK(run_postmortem({"oom", empty.string()}).exit_code == nothing);
}

}  // namespace oom_command_test
