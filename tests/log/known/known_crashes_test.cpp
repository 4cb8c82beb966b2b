#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include <postmortem/known_crashes.h>

#include "log/known/kernel_range.h"

namespace known_crashes_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view null_log =
    "[    1.000000] sd 0:0:0:0: [sda] I/O error, dev sda, sector 8\n"
    "[    5.000000] BUG: kernel NULL pointer dereference, address: 0000000000000010\n"
    "[    5.000001] Oops: 0000 [#1] SMP\n"
    "[    5.000002] CPU: 1 PID: 77 Comm: cat Not tainted 6.1.20-1-amd64 #1\n"
    "[    5.000003] RIP: 0010:widget_read+0x11/0x40 [widget]\n"
    "[    5.000004] RAX: 0000000000000000 RBX: ffff888004563000 RCX: 0000000000000000\n"
    "[    5.000005] Call Trace:\n"
    "[    5.000006]  widget_open+0x20/0x50 [widget]\n"
    "[    5.000007]  vfs_read+0x9d/0x190\n"
    "[    5.000008]  ksys_read+0x5f/0xe0\n"
    "[    5.000009] ---[ end trace 0000000000000000 ]---\n"
    "[    5.000010] Kernel panic - not syncing: Fatal exception\n";

struct TemporaryFile {
    explicit TemporaryFile(std::string_view content) {
        static int count = 0;
        path = fs::temp_directory_path() /
               ("postmortem-known-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
        std::ofstream(path, std::ios::binary) << content;
    }
    ~TemporaryFile() { fs::remove(path); }
    fs::path path;
};

CheckOutcome outcome(std::string_view yaml, std::string_view log = null_log) {
    const auto known = KnownCrashes::parse(yaml, "known.yaml");
    REQUIRE_MESSAGE(known, (known ? std::string() : known.error().message));
    const TemporaryFile file(log);
    return known->check(file.path).outcome;
}

std::string complaint(std::string_view yaml) {
    const auto known = KnownCrashes::parse(yaml, "known.yaml");
    return known ? std::string() : known.error().message;
}

}  // namespace

TEST_CASE("an event is known by its id, title, frames, log and kernel") {
    const std::string id = analyse_log_text(null_log).events.at(0).id;
    CHECK(outcome("") == CheckOutcome::New);
    CHECK(outcome("- id: " + id) == CheckOutcome::Known);
    CHECK(outcome("- id: [000000000000, " + id + "]") == CheckOutcome::Known);
    CHECK(outcome("- id: 000000000000") == CheckOutcome::New);
    CHECK(outcome("- title: NULL pointer dereference in widget_\\w+$") == CheckOutcome::Known);
    CHECK(outcome("- title: in gadget_") == CheckOutcome::New);
    CHECK(outcome("- frames: [widget_open, vfs_]") == CheckOutcome::Known);
    CHECK(outcome("- frames: [vfs_, widget_open]") == CheckOutcome::New);
    CHECK(outcome("- log: 'I/O error, dev sd[a-z]'") == CheckOutcome::Known);
    CHECK(outcome("- log: ['I/O error', 'link down']") == CheckOutcome::New);
    CHECK(outcome("- title: widget\n  kernel: '>=6.1, <6.2'") == CheckOutcome::Known);
    CHECK(outcome("- title: widget\n  kernel: '<6.1'") == CheckOutcome::New);
    // every condition must hold
    CHECK(outcome("- title: widget\n  frames: gadget") == CheckOutcome::New);
}

TEST_CASE("the id of a torn report that names no place makes no other one known") {
    const std::string torn =
        "[    5.000000] BUG: kernel NULL pointer dereference, address: 0000000000000010\n";
    const LogEvent event = analyse_log_text(torn).events.at(0);
    REQUIRE(event.function.empty());
    CHECK(outcome("- id: " + event.id, torn) == CheckOutcome::New);
    CHECK(outcome("- id: " + event.id + "\n  log: dereference", torn) == CheckOutcome::Known);
    CHECK(outcome("- id: " + event.id + "\n  verdict: ignore", torn) == CheckOutcome::New);
    const std::string entry = to_known_entry(event, "");
    CHECK(entry.find("torn") != std::string::npos);
    CHECK(outcome(entry, torn) == CheckOutcome::New);
    CHECK(to_known_entry(analyse_log_text(null_log).events.at(0), "").find("torn") == std::string::npos);
}

TEST_CASE("verdicts") {
    CHECK(outcome("- title: widget\n  verdict: fixed") == CheckOutcome::New);
    CHECK(outcome("- title: widget\n  verdict: ignore") == CheckOutcome::NoCrash);
    CHECK(outcome("- title: widget\n  verdict: ignore\n- title: widget\n  verdict: fixed") ==
          CheckOutcome::NoCrash);
    CHECK(outcome("", "[    1.000000] all is well\n") == CheckOutcome::NoCrash);
    CHECK(outcome("", "") == CheckOutcome::Unusable);
    const KnownCrashes nothing;
    CHECK(nothing.check(fs::path("/nonexistent")).outcome == CheckOutcome::Unusable);
}

TEST_CASE("a bad file is refused with file, line and reason") {
    CHECK(complaint("- title: a\n- title: 'b('\n") ==
          "known.yaml:2: bad regular expression 'b(', before its character 3: a ( without its )");
    CHECK(complaint("- title: a\n  verdikt: known\n") == "known.yaml:2: unknown key verdikt");
    CHECK(complaint("- title: a\n  verdict: maybe\n") ==
          "known.yaml:2: a verdict is known, fixed or ignore, not maybe");
    CHECK(complaint("- link: x\n") == "known.yaml:1: an entry needs an id, a title, frames or log");
    CHECK(complaint("title: a\n").find("known.yaml:1: a list") == 0);
    CHECK(complaint("- [a\n").find("known.yaml:") == 0);
    CHECK(complaint("- title: a\n  kernel: soon\n").find("known.yaml:1: 'soon' is no kernel release") == 0);
    CHECK(complaint("- title: {a: b}\n").find("known.yaml:1: a single value") == 0);
    const fs::path missing[] = {"/nonexistent/known.yaml"};
    CHECK_FALSE(KnownCrashes::load(missing));
}

TEST_CASE("what --learn writes is read again and knows the event") {
    const LogEvent event = analyse_log_text(null_log).events.at(0);
    const std::string entry = to_known_entry(event, "it's \n odd");
    CHECK(outcome(entry) == CheckOutcome::Known);
    CHECK(KnownCrashes::parse(entry, "k")->entries().at(0).note == "it's \\x0a odd");
}

TEST_CASE("JUnit: new crashes fail, known ones are skipped, unusable inputs are errors") {
    const auto known = KnownCrashes::parse("- title: gadget\n  link: https://bugs.example/1?a=1&b=2\n", "k");
    REQUIRE(known);
    std::string gadget(null_log);
    for (std::size_t at = 0; (at = gadget.find("widget", at)) != std::string::npos;)
        gadget.replace(at, 6, "gadget");
    const TemporaryFile fresh(null_log), seen(gadget), quiet("[    1.000000] fine\n");
    const CheckResult results[] = {known->check(fresh.path), known->check(seen.path),
                                   known->check(quiet.path), known->check(fs::path("/nonexistent"))};
    const std::string xml = to_junit(results, *known);
    CHECK(xml.find("tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\"") != std::string::npos);
    CHECK(xml.find(
              "<failure message=\"BUG: unable to handle kernel NULL pointer dereference in widget_read [") !=
          std::string::npos);
    CHECK(xml.find("https://bugs.example/1?a=1&amp;b=2") != std::string::npos);
    CHECK(xml.find("type=\"unusable\"") != std::string::npos);
}

TEST_CASE("kernel releases are compared by their numbers") {
    CHECK(compare_releases("6.1.9", "6.1.10") < 0);
    CHECK(compare_releases("6.1", "6.1.0") == 0);
    CHECK(compare_releases("6.2.0-rc3", "6.2.0") < 0);
    CHECK(compare_releases("6.2-rc1", "6.2-rc2") < 0);
    CHECK(compare_releases("5.10.0-43-cloud-amd64", "5.10.0-9-amd64") > 0);
    CHECK(compare_releases("4.18.0-553.16.1.el8", "4.18.0-553.el8") > 0);
}

TEST_CASE("a range of kernels holds those that it says, on either side of each bound") {
    const auto contains = [](std::string_view range, std::string_view release) {
        return KernelRange::parse(range)->contains(release);
    };
    // Before 6.1, 6.1 itself, its stable releases and packages, and behind it.
    constexpr std::string_view releases[] = {
        "6.0.19", "6.1.0-rc4", "6.1", "6.1.0", "6.1.50", "6.1.0-56-cloud-amd64", "6.2.0-rc1", "6.12.1"};
    const std::pair<std::string_view, std::string_view> held[] = {
        {"6.1", "01111100"},   {"=6.1", "00110000"},       {"==6.1", "00110000"},
        {"<6.1", "11000000"},  {"<=6.1", "11111100"},      {">6.1", "00000011"},
        {">=6.1", "00111111"}, {">=6.1,<6.2", "00111110"}, {"<6.1, 6.0", "10000000"},
    };
    for (const auto& [range, expected] : held) {
        std::string found;
        for (const std::string_view release : releases) found += contains(range, release) ? '1' : '0';
        CAPTURE(range);
        CHECK(found == expected);
    }
    CHECK(contains("=6.1.0-56-cloud-amd64", "6.1.0-56-cloud-amd64"));
    CHECK_FALSE(contains("6.1", ""));
    for (const std::string_view wrong : {"", ">=", "six", ">=5.10,", "<>6"})
        CHECK_FALSE(KernelRange::parse(wrong));
}

}  // namespace known_crashes_test
