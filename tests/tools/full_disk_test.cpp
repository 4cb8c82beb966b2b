// Files that cannot grow, and signals while one is written: it is said, the exit status tells it, and nothing
// is left behind.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/files.h"
#include "support/pack_file.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace full_disk_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

// Of this process and of what it starts, until the end of the scope.
class LargestFile {
  public:
    explicit LargestFile(rlim_t bytes) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit lower{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &lower);
    }
    LargestFile(const LargestFile&) = delete;
    LargestFile& operator=(const LargestFile&) = delete;
    ~LargestFile() { setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

const std::filesystem::path dump = source_dir() / "testdata/dumps/bookworm-mod-null/vmcore";

std::string said_by(const std::string& shell_command) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(shell_command.c_str(), "r"), ::pclose);
    REQUIRE(pipe);
    std::string said;
    for (int c; (c = std::fgetc(pipe.get())) != EOF;) said += static_cast<char>(c);
    return said;
}

// What it complains of goes through a pipe, which the limit does not hold for.
void check_refused(const std::string& words, rlim_t largest = 4096) {
    CAPTURE(words);
    const LargestFile limit(largest);
    const std::string said = said_by(program() + " " + words + " 2>&1 >/dev/null; echo exit $?");
    CHECK(said.find("File too large") != std::string::npos);
    CHECK(said.ends_with("exit 3\n"));
}

pid_t start(std::vector<std::string> words) {
    words.insert(words.begin(), program());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
}

// Until there is a file in it.
bool wait_for_a_file(const std::filesystem::path& folder) {
    for (int i = 0; i < 60'000 && std::filesystem::is_empty(folder); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return !std::filesystem::is_empty(folder);
}

}  // namespace

TEST_CASE("an extract that is too large for the disk") {
    const TempDir dir;
    const std::string target = (dir.path() / "made").string();
    check_refused("extract " + dump.string() + " -o " + target);
    CHECK(std::filesystem::is_empty(dir.path()));
}

TEST_CASE("a packed dump that does not fit where it is unpacked") {
    const TempDir dir, sources;
    const std::string content = file_contents(dump);
    const auto packed = sources.write("vmcore.gz", pack_file(Packing::Gzip, as_bytes(content)));
    check_refused("sys --tmpdir " + dir.path().string() + " " + packed.string());
    CHECK(std::filesystem::is_empty(dir.path()));
}

TEST_CASE("what check writes is whole, or as it was") {
    const TempDir dir;
    const std::string junit = (dir.path() / "junit.xml").string(),
                      known = (dir.path() / "known.yaml").string();
    check_refused("check --junit " + junit + " " + dump.string(), 100);
    check_refused("check --learn " + known + " " + dump.string(), 10);
    CHECK(std::filesystem::is_empty(dir.path()));

    dir.write("junit.xml", "before");
    dir.write("known.yaml", "# none\n");
    check_refused("check --junit " + junit + " " + dump.string(), 100);
    check_refused("check --learn " + known + " " + dump.string(), 20);
    CHECK(file_contents(junit) == "before");
    CHECK(file_contents(known) == "# none\n");

    constexpr mode_t shared = 0664;
    ::chmod(junit.c_str(), shared);
    constexpr int new_crash = 6;
    CHECK(run_postmortem({"check", "--junit", junit, "--learn", known, dump.string()}).exit_code ==
          new_crash);
    CHECK(file_contents(junit).starts_with("<?xml"));
    CHECK(file_contents(known).starts_with("# none\n- id:"));
    CHECK((std::filesystem::status(junit).permissions() & std::filesystem::perms::mask) ==
          std::filesystem::perms{shared});
    CHECK(run_postmortem({"check", "--junit", "/dev/null", dump.string()}).exit_code == new_crash);
    CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("an answer that standard output does not take") {
    for (const char* command : {"log", "sys", "info --json", "check"}) {
        const std::string said =
            said_by(program() + " " + command + " " + dump.string() + " 2>&1 >/dev/full; echo exit $?");
        CHECK(said.find("standard output (/dev/full): No space left on device") != std::string::npos);
        CHECK(said.ends_with("exit 3\n"));
    }
    const std::string said =
        said_by("echo 'log > /dev/full' | " + program() + " shell " + dump.string() + " 2>&1");
    CHECK(said.find("/dev/full: No space left on device") != std::string::npos);
}

TEST_CASE("a signal leaves nothing of what was being written") {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        const TempDir dir;
        const pid_t child =
            start({"extract", dump.string(), "-o", (dir.path() / "small").string(), "--level", "22"});
        CHECK(wait_for_a_file(dir.path()));
        ::kill(child, number);
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        CHECK(WTERMSIG(status) == number);
        CHECK(std::filesystem::is_empty(dir.path()));
    }
}

TEST_CASE(
    "a closed standard stream is no file that is opened later: nothing is written into the unpacked dump") {
    const TempDir folder;
    const std::string content = file_contents(source_dir() / "testdata/dumps/bookworm-mod-null/vmcore");
    const std::filesystem::path packed =
        folder.write("vmcore.gz", pack_file(Packing::Gzip, as_bytes(content)));
    for (const char* closed : {">&- <&-", ">&-", ">&- <&- 2>&-"}) {
        CAPTURE(closed);
        const std::string command = "'" + program() + "' sys '" + packed.string() + "' 2>/dev/null " + closed;
        const int status = std::system(command.c_str());
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 3);
    }
}

}  // namespace full_disk_test
