// What a process in the sandbox can still do: read, answer, work in threads, and no more.
#include "tools/sandbox.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/files.h"
#include "support/places.h"
#include "support/program.h"
#include "support/real_dumps.h"
#include "support/temp_dir.h"

namespace sandbox_test {

using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

/// What `deed` gives in a child that `enters`: 0 where it was done, else errno.
int in_child(const std::function<bool()>& enters, const std::function<int()>& deed) {
    constexpr int no_sandbox = 255;
    const pid_t child = fork();
    if (child == 0) ::_exit(!enters() ? no_sandbox : deed() >= 0 ? 0 : errno);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) != no_sandbox);
    return WEXITSTATUS(status);
}

bool filtered() {
    return tool::filter_system_calls(tool::NewFiles::Denied);
}

int run_something() {
    char program[] = "/bin/true";
    char* words[] = {program, nullptr};
    return ::execv(program, words);
}

int map_code() {
    return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
                                                                                                          : 0;
}

int work_in_a_thread() {
    int done = -1;
    std::thread([&] { done = 0; }).join();
    return done;
}

/// How many filters a process has, by its /proc/PID/status; -1 where that is not told (before Linux 5.9).
int filters_of(const std::string& pid) {
    std::ifstream status("/proc/" + pid + "/status");
    constexpr std::string_view field = "Seccomp_filters:";
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field)) return std::stoi(line.substr(field.size()));
    return -1;
}

/// How many filters the program has while it waits for a log, once it has `wanted` or does not get them.
int filters_while_reading(const std::vector<const char*>& options, int wanted) {
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    std::string binary = program();
    std::vector<const char*> words = {binary.c_str(), "panic"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"-", nullptr});
    const pid_t child = fork();
    if (child == 0) {
        ::dup2(pipe_ends[0], STDIN_FILENO);
        ::close(pipe_ends[1]);
        ::close(STDOUT_FILENO);
        ::close(STDERR_FILENO);
        ::execv(words[0], const_cast<char**>(words.data()));
        ::_exit(127);
    }
    int seen = filters_of(std::to_string(child));
    for (int i = 0; i < 100 && seen != wanted; ++i) {
        ::usleep(10000);
        seen = filters_of(std::to_string(child));
    }
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
    ::waitpid(child, nullptr, 0);
    return seen;
}

}  // namespace

TEST_CASE("in the sandbox nothing is run, sent, changed or killed") {
    CHECK(in_child(filtered, run_something) == EPERM);
    CHECK(in_child(filtered, [] { return fork(); }) == EPERM);
    for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK})
        CHECK(in_child(filtered, [&] { return ::socket(family, SOCK_STREAM, 0); }) == EPERM);
    CHECK(in_child(filtered, map_code) == EPERM);
    CHECK(in_child(filtered, [] { return ::kill(::getppid(), 0); }) == EPERM);
    CHECK(in_child(filtered, [] { return static_cast<int>(::ptrace(PTRACE_ATTACH, ::getppid(), 0, 0)); }) ==
          EPERM);
    CHECK(in_child(filtered, work_in_a_thread) == 0);
}

TEST_CASE("in the sandbox files are read, and made where they may be") {
    const TempDir dir, other;
    const std::string there = dir.write("there", "text").string();
    const std::string fresh = (dir.path() / "fresh").string(), elsewhere = (other.path() / "fresh").string();
    const auto opens = [](const std::string& path, int flags) {
        return [=] { return ::open(path.c_str(), flags, 0600); };
    };
    const auto made_there = [&] { return tool::enter_sandbox({{dir.path()}, {}}); };

    CHECK(in_child(filtered, opens(there, O_RDONLY)) == 0);
    for (const int flags :
         {O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_RDONLY | O_TRUNC, O_WRONLY | O_CREAT, O_WRONLY | O_APPEND})
        CHECK(in_child(filtered, opens(there, flags)) == EPERM);
    CHECK(in_child(filtered, opens(fresh, O_RDWR | O_CREAT | O_EXCL)) == EPERM);
    CHECK(in_child(filtered, [&] { return ::unlink(there.c_str()); }) == EPERM);
    CHECK(in_child(filtered, [&] { return ::chmod(there.c_str(), 0777); }) == EPERM);

    if (in_child([] { return true; }, [&] { return made_there() ? 0 : -1; }) != 0) {
        MESSAGE("this system has no Landlock, or the tests have a sanitizer");
        return;
    }
    CHECK(in_child(made_there, opens(there, O_WRONLY)) == EPERM);
    CHECK(in_child(made_there, opens(elsewhere, O_RDWR | O_CREAT | O_EXCL)) == EACCES);
    CHECK(in_child(made_there, [&] { return ::rename(there.c_str(), elsewhere.c_str()); }) != 0);
    CHECK(in_child(made_there, run_something) == EPERM);
    CHECK(in_child(made_there, opens(fresh, O_RDWR | O_CREAT | O_EXCL)) == 0);
    CHECK(in_child(made_there, [&] { return ::rename(fresh.c_str(), there.c_str()); }) == 0);
    CHECK_FALSE(fs::exists(elsewhere));
    // As a temporary file does where none can be without a name.
    CHECK(in_child(made_there, [&] { return ::unlink(there.c_str()); }) == 0);
    CHECK_FALSE(tool::has_nameless_files("/proc"));
}

TEST_CASE("a command is in the sandbox before it reads, unless it is told not to") {
    const int own = filters_of("self");
    if (own < 0 || in_child([] { return true; }, [] { return tool::enter_sandbox({}) ? 0 : -1; }) != 0) {
        MESSAGE("this system does not tell of filters, or the tests have a sanitizer");
        return;
    }
    CHECK(filters_while_reading({}, own + 1) == own + 1);
    CHECK(filters_while_reading({"--no-sandbox"}, own + 1) == own);
}

TEST_CASE("answers are the same in the sandbox and without it") {
    const fs::path dump = real_dumps("vmcore").front();
    for (const char* command : {"report", "ps", "bt", "log", "oom", "meminfo", "info", "check", "triage"}) {
        CAPTURE(command);
        const ProgramResult inside = run_postmortem({command, dump.string()});
        const ProgramResult outside = run_postmortem({command, "--no-sandbox", dump.string()});
        CHECK(inside.exit_code == outside.exit_code);
        CHECK(inside.out == outside.out);
        CHECK(inside.err == outside.err);
    }
    const TempDir dir;
    const std::string inside = (dir.path() / "inside").string(), outside = (dir.path() / "outside").string();
    CHECK(run_postmortem({"extract", dump.string(), "-o", inside}).exit_code ==
          run_postmortem({"extract", "--no-sandbox", dump.string(), "-o", outside}).exit_code);
    CHECK_FALSE(file_contents(inside).empty());
    CHECK(file_contents(inside) == file_contents(outside));
}

}  // namespace sandbox_test
