// What a user meets who types something wrong: one sentence, the right exit code, nothing on standard output.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "support/files.h"
#include "support/pack_file.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace usage_test {

using postmortem::test::ProgramResult;
using postmortem::test::run_postmortem;

namespace {

void check_complaint(const ProgramResult& result, int exit_code, std::string_view mentions) {
    CAPTURE(result.err);
    CHECK(result.exit_code == exit_code);
    CHECK(result.out.empty());
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    CHECK(result.err.starts_with("postmortem: "));
    CHECK(result.err.find(mentions) != std::string::npos);
}

class Folder {
  public:
    Folder() : path_(std::filesystem::temp_directory_path() / "postmortem-usage-test") {
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string path() const { return path_.string(); }
    std::string file(const char* name, std::string_view content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
        return (path_ / name).string();
    }

  private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a file without a command is reported on; of a log, report says what panic does") {
    const Folder folder;
    const std::string oops = folder.file("oops",
                                         "[    5.000000] BUG: kernel NULL pointer dereference, address: 0\n"
                                         "[    5.000001] Oops: 0000 [#1] SMP\n"
                                         "[    5.000002] RIP: 0010:widget_read+0x10/0x40\n");
    const ProgramResult panic = run_postmortem({"panic", oops});
    CHECK(panic.out.find("widget_read") != std::string::npos);
    for (const std::vector<std::string>& words : {std::vector<std::string>{"report", oops}, {oops}}) {
        const ProgramResult report = run_postmortem(words);
        CHECK(report.out == panic.out);
        CHECK(report.exit_code == panic.exit_code);
    }
    const std::string healthy = folder.file("healthy", "[    0.000000] Linux version 6.1\n");
    CHECK(run_postmortem({healthy}).exit_code == 4);
}

TEST_CASE("wrong usage is told from unusable input") {
    const Folder folder;
    CHECK(run_postmortem({}).exit_code == 2);
    check_complaint(run_postmortem({"frobnicate"}), 2, "frobnicate");
    check_complaint(run_postmortem({folder.path() + "/absent"}), 3, "No such file");
    check_complaint(run_postmortem({"ps"}), 2, "no dump is named");
    check_complaint(run_postmortem({"ps", "--frobnicate", "x"}), 2, "--frobnicate");
    check_complaint(run_postmortem({"ps", folder.path() + "/absent"}), 3, "No such file");
    check_complaint(run_postmortem({"ps", folder.path()}), 3, folder.path());
    check_complaint(run_postmortem({"ps", folder.file("empty", "")}), 3, "empty");
    check_complaint(run_postmortem({"ps", folder.file("text", "[    0.000000] Linux version 6.1\n")}), 3,
                    "not a crash dump");
    check_complaint(run_postmortem({"ps", folder.file("cut", "KDUMP   \x06")}), 3, "cut");
    check_complaint(run_postmortem({"ps", folder.file("elf",
                                                      "\x7f"
                                                      "ELF\x02\x01\x01")}),
                    3, "elf");
    check_complaint(run_postmortem({"rd", "-p", folder.file("junk", std::string(8192, 'j')), "1000"}), 3,
                    "junk");
    check_complaint(run_postmortem({"rd", folder.file("junk", "j"), "1000"}), 3, "junk");
    check_complaint(run_postmortem({"rd", "-p", "x", "nonsense"}), 2, "nonsense");
    check_complaint(run_postmortem({"info", "--vmlinux", "x", "y"}), 2,
                    "--vmlinux is for commands that read the kernel in the dump");
    check_complaint(run_postmortem({"info", "--types=x", "y"}), 2, "--types is for commands");
    check_complaint(run_postmortem({"rd", "-p", "x", "0", "-1"}), 2, "-1");
}

TEST_CASE("of a dump that was cut off nothing is said that the cut alone makes true") {
    const Folder folder;
    const std::string whole = postmortem::test::file_contents(postmortem::test::source_dir() /
                                                              "testdata/dumps/bookworm-sysrq/vmcore");
    REQUIRE(whole.size() > 100'000);
    for (const std::size_t length : {600, 3000, 5000, 9000, 20'000, 70'000}) {
        CAPTURE(length);
        const std::string file = folder.file("cut", whole.substr(0, length));
        for (const char* command : {"sys", "ps", "log", "panic", "report"}) {
            const ProgramResult result = run_postmortem({command, file});
            CAPTURE(result.err);
            CHECK((result.exit_code == 1 || result.exit_code == 3));
            CHECK(result.err.find("carries no VMCOREINFO") == std::string::npos);
            const bool told = result.err.find("truncated") != std::string::npos ||
                              result.err.find("ends") != std::string::npos;
            CHECK(told);
        }
    }
}

TEST_CASE("that a dump was never finished tells who describes it; an answer that lacks nothing is whole") {
    const Folder folder;
    std::string dump = postmortem::test::file_contents(postmortem::test::source_dir() /
                                                       "testdata/dumps/bookworm-sysrq/vmcore");
    constexpr std::size_t status_at = 424;
    dump[status_at] |= 8;  // DUMP_DH_COMPRESSED_INCOMPLETE
    const std::string file = folder.file("unfinished", dump);
    for (const char* command : {"info", "sys", "report"}) {
        CAPTURE(command);
        const ProgramResult result = run_postmortem({command, file});
        CHECK(result.exit_code == 1);
        CHECK(result.err.find("incomplete") != std::string::npos);
    }
    for (const char* command : {"log", "ps", "meminfo", "panic"}) {
        CAPTURE(command);
        const ProgramResult result = run_postmortem({command, file});
        CHECK(result.exit_code == 0);
        CHECK(result.err.empty());
    }
}

TEST_CASE("a device or a pipe given as a dump does not hang") {
    check_complaint(run_postmortem({"ps", "/dev/zero"}), 3, "/dev/zero");
}

TEST_CASE("what crash takes and we do not is told why, with what to ask instead") {
    const std::pair<std::vector<std::string>, const char*> refused[] = {
        {{"kmem", "-c", "x"}, "`files -p INODE`"},
        {{"kmem", "-r", "x"}, "`meminfo --slab`"},
        {{"dev", "x", "-v", "0"}, "`readelf -n`"},
        {{"vm", "-M", "0", "x"}, "`struct mm_struct"},
        {{"mod", "-s", "ext4", "x"}, "nothing has to be loaded"},
        {{"wr", "x", "jiffies", "1"}, "never written to"},
        {{"sbitmapq", "x"}, "`struct sbitmap_queue"}};
    for (const auto& [words, mentions] : refused) {
        CAPTURE(words[0]);
        check_complaint(run_postmortem(words), 2, mentions);
    }
    CHECK(run_postmortem({"kmem", "-c", "x"}).err.find("is crash's") != std::string::npos);
    CHECK(run_postmortem({"kmem", "-y", "x"}).err.find("is crash's") == std::string::npos);
}

TEST_CASE("help teaches") {
    const ProgramResult overview = run_postmortem({"--help"});
    CHECK(overview.exit_code == 0);
    CHECK(overview.out.find("report") != std::string::npos);
    for (const char* command : {"ps", "rd"}) {
        const ProgramResult help = run_postmortem({command, "--help"});
        CHECK(help.exit_code == 0);
        CHECK(help.out.find("Usage: postmortem") != std::string::npos);
        CHECK(help.out.find("Exit status") != std::string::npos);
        CHECK(run_postmortem({"help", command}).out == help.out);
    }
}

TEST_CASE("a name with a newline in it makes no line of its own") {
    const postmortem::test::TempDir dir;
    const std::string forged = "a\npostmortem: the dump is whole\nb\x1b[2J";
    const std::string dump = postmortem::test::file_contents(postmortem::test::source_dir() /
                                                             "testdata/dumps/bookworm-mod-null/vmcore");
    const postmortem::Bytes content = postmortem::as_bytes(dump);
    const postmortem::test::Buffer bytes(content.begin(), content.end());
    const std::string tar =
        dir.write("case.tar", postmortem::test::make_tar(
                                  {{forged + "/vmcore", bytes, 5}, {"vmcore", bytes, 9}, {forged, bytes, 3}}))
            .string();
    for (const std::vector<std::string>& words : {std::vector<std::string>{"sys", tar},
                                                  {"log", dir.path().string() + "/" + forged},
                                                  {forged},
                                                  {"sys", "--" + forged, tar},
                                                  {"rd", tar, forged},
                                                  {"panic", forged, forged}}) {
        const ProgramResult result = run_postmortem(words);
        CAPTURE(words[0]);
        CAPTURE(result.err);
        CHECK(result.exit_code != 0);
        CHECK_FALSE(result.err.empty());
        CHECK(result.err.find("\npostmortem: the dump is whole") == std::string::npos);
        CHECK(result.err.find('\x1b') == std::string::npos);
        CHECK(result.out.find("\npostmortem: the dump is whole") == std::string::npos);
    }
}

}  // namespace usage_test
