// The shell on a sample dump, by lines from a file: each answer is that of the command by itself.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/text.h"
#include "support/places.h"
#include "support/program.h"

namespace shell_test {

using postmortem::contains;
using postmortem::test::ProgramResult;
using postmortem::test::run_postmortem;
using postmortem::test::source_dir;

namespace {

class Folder {
  public:
    Folder() {
        static int count = 0;
        path_ = std::filesystem::temp_directory_path() /
                ("postmortem-shell-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
        std::filesystem::create_directories(path_);
        ::setenv("XDG_CONFIG_HOME", path_.c_str(), 1);
    }
    ~Folder() { std::filesystem::remove_all(path_); }

    std::string file(const std::string& name, const std::string& content) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << content;
        return path_ / name;
    }
    std::string path(const char* name) const { return path_ / name; }
    std::string read(const char* name) const {
        std::ostringstream text;
        text << std::ifstream(path_ / name).rdbuf();
        return text.str();
    }

  private:
    std::filesystem::path path_;
};

std::string sample() {
    return source_dir() / "testdata/dumps/bookworm-mod-null";
}

// `q` ends it before standard input is read.
ProgramResult shell(const Folder& folder, const std::string& lines,
                    std::vector<std::string> options = {"-s"}) {
    options.insert(options.begin(), "shell");
    options.insert(options.end(), {"-i", folder.file("lines", lines + "\nq\n"), sample()});
    return run_postmortem(options);
}

std::string alone(std::vector<std::string> words) {
    words.insert(words.begin() + 1, sample());
    return run_postmortem(words).out;
}

}  // namespace

TEST_CASE("values are counted, and may be named") {
    const Folder folder;
    const auto result = shell(folder, "p 5\np nosuch\np $+1\np $1+$2\np/x 1<<99");
    CHECK(contains(result.out, "$1 = 5\n"));
    CHECK(contains(result.out, "$2 = 6\n"));
    CHECK(contains(result.out, "$3 = 11\n"));
    CHECK(contains(result.out, "$4 = 0x0\n"));
    CHECK(contains(result.err, "the count of a left shift"));
}

TEST_CASE("an answer in the shell is that of the command") {
    const Folder folder;
    CHECK(shell(folder, "ps").out == alone({"ps"}));
    CHECK(shell(folder, "log").out == alone({"log"}));
    CHECK(shell(folder, "bt -a").out == alone({"bt", "-a"}));
    CHECK(shell(folder, "dmesg").out == alone({"log"}));
    CHECK(shell(folder, "ps 1\nps 2").out == alone({"ps", "1"}) + alone({"ps", "2"}));
    CHECK(shell(folder, "info --json").out == alone({"info", "--json"}));
    CHECK(shell(folder, "# nothing\n\n// nothing").out.empty());
}

TEST_CASE("answers go to programs and files") {
    const Folder folder;
    CHECK(shell(folder, "ps | grep -c 'kworker'").out ==
          std::to_string([] {
              const std::string all = alone({"ps"});
              std::size_t count = 0;
              for (std::size_t at = 0; (at = all.find("kworker", at)) != all.npos; at = all.find('\n', at))
                  ++count;
              return count;
          }()) +
              "\n");
    CHECK(shell(folder, "log > " + folder.path("log")).out.empty());
    CHECK(folder.read("log") == alone({"log"}));
    shell(folder, "ps 1 >> " + folder.path("log"));
    CHECK(folder.read("log") == alone({"log"}) + alone({"ps", "1"}));
    folder.file("pids", "1\n2\n");
    CHECK(shell(folder, "ps < " + folder.path("pids")).out == alone({"ps", "1"}) + alone({"ps", "2"}));
    CHECK(shell(folder, "log | head -n 1").exit_code == 0);
    CHECK(shell(folder, "!echo hello").out == "hello\n");
    CHECK(contains(shell(folder, "ps > /nowhere/file").err, "/nowhere/file: No such file"));
}

// Such a program ends the process that reads the dump; the one that is started for the next line must not
// hold the pipe to the next program open.
TEST_CASE("a program that wants no more of an answer takes nothing from the lines behind it") {
    const Folder folder;
    const auto result =
        shell(folder,
              "p 41\nsym -l | head -n 1\nps | grep -c kthreadd\np 42\nsym -l | nosuchprogram\n"
              "ps | grep -c kthreadd\nsym -l | grep -m1 init_task\np $1\np $");
    CHECK(contains(result.out, "$1 = 41\n"));
    CHECK(contains(result.out, "\n1\n$2 = 42\n1\n"));
    CHECK(contains(result.out, "init_task"));
    CHECK(contains(result.out, "\n$3 = 41\n$4 = 41\n"));
}

TEST_CASE("the current task") {
    const Folder folder;
    const std::string panic_task =
        "    PID: 267\nCOMMAND: \"sh\"\n   TASK: ffff88f92722a0c0  [THREAD_INFO: ffff88f92722a0c0]\n    CPU: "
        "0\n"
        "  STATE: TASK_RUNNING (PANIC)\n";
    CHECK(shell(folder, "set").out == panic_task);
    CHECK(contains(shell(folder, "set 1").out, "COMMAND: \"init\""));
    CHECK(shell(folder, "set 1 > /dev/null\nset").out == shell(folder, "set 1").out);
    CHECK(shell(folder, "set 1 > /dev/null\nset -p").out == panic_task);
    CHECK(contains(shell(folder, "set -c 1").out, "COMMAND: \"busy-user\""));
    CHECK(contains(shell(folder, "set -c 1").out, "TASK_RUNNING (ACTIVE)"));
    CHECK(contains(shell(folder, "set -c 99").err, "CPU 99"));
    CHECK(contains(shell(folder, "set 99999").err, "99999"));
}

TEST_CASE("a variable's or a type's name alone asks for it") {
    const Folder folder;
    CHECK(shell(folder, "jiffies").out == shell(folder, "p jiffies").out);
    CHECK(contains(shell(folder, "jiffies").out, "jiffies = $1 = "));
    CHECK(shell(folder, "list_head").out == shell(folder, "struct list_head").out);
    CHECK(contains(shell(folder, "set radix 16\njiffies").out, "jiffies = $1 = 0x"));
}

TEST_CASE("numbers in hexadecimal, until it is said otherwise") {
    const Folder folder;
    for (const char* hex : {"hex", "set hex", "set radix hex", "set radix 16", "set radix sixteen"}) {
        const std::string first = hex + std::string("\n");
        CHECK(shell(folder, first).out == "output radix: 16 (hex)\n");
        CHECK(contains(shell(folder, first + "jiffies").out, "jiffies = $1 = 0x"));
        CHECK_FALSE(contains(shell(folder, first + "p -d jiffies").out, "jiffies = $1 = 0x"));
        CHECK_FALSE(contains(shell(folder, first + "dec\njiffies").out, "jiffies = $1 = 0x"));
    }
    CHECK(contains(shell(folder, "set hex\nforeach 1 task -R pid").out, "pid = 0x1"));
    CHECK(contains(shell(folder, "set hex\nbt -s 1").out, "__schedule+0x"));
    CHECK(contains(shell(folder, "set hex\nset dec\nbt -s 1").out, "output radix: 10 (decimal)\n"));
    CHECK(shell(folder, "set hex > /dev/null\nnet -s 1").out == shell(folder, "net -s 1").out);
    CHECK(contains(shell(folder, "set radix 8").err, "10 (dec) or 16 (hex)"));
    CHECK(contains(shell(folder, "set zero_excluded on").err, "zero_excluded is crash's"));
    CHECK(shell(folder, "set scroll 0").out == "scroll: off\n");
}

TEST_CASE("one failure does not end the shell, and is told by the exit code") {
    const Folder folder;
    const ProgramResult result = shell(folder, "nonsense\nps --nonsense\nset 99999\nps \"1\nps 1");
    CHECK(result.out == alone({"ps", "1"}));
    CHECK(result.exit_code == 1);
    CHECK(contains(result.err, "'nonsense'"));
    CHECK(contains(result.err, "99999"));
    CHECK(contains(result.err, "a quote is not closed"));
    CHECK(shell(folder, "ps 1").exit_code == 0);
    CHECK(run_postmortem({"shell", folder.path("absent")}).exit_code == 3);
    CHECK(contains(run_postmortem({"shell", "-i", folder.path("absent"), sample()}).err, "absent"));
}

TEST_CASE("what the banner lacks is told by the exit code, too") {
    const Folder folder;
    std::ifstream whole(sample() + "/vmcore", std::ios::binary);
    std::ostringstream all;
    all << whole.rdbuf();
    const auto banner = [&](const std::string& dump) {
        return run_postmortem({"shell", "--no-rc", "-i", folder.file("lines", "q\n"), dump});
    };
    std::size_t compared = 0;
    for (const std::size_t tenths : {3, 5, 7, 9, 10}) {
        const std::string dump = folder.file("vmcore", all.str().substr(0, all.str().size() * tenths / 10));
        const int of_sys = run_postmortem({"sys", dump}).exit_code,
                  of_set = run_postmortem({"set", dump}).exit_code;
        CAPTURE(tenths);
        CHECK(banner(dump).exit_code == (of_sys == 3 ? 3 : of_sys != 0 || of_set != 0 ? 1 : 0));
        compared += of_sys == 1;
    }
    CHECK(compared > 0);
}

TEST_CASE("a dump that is written anew while it is open is told, once, and no answer counts as whole") {
    const Folder folder;
    const std::string copy = folder.path("vmcore");
    std::filesystem::copy_file(sample() + "/vmcore", copy);
    const auto run = [&](const std::string& lines) {
        return run_postmortem({"shell", "-s", "-i", folder.file("lines", lines + "\nq\n"), copy});
    };
    CHECK(run("ps 1\nps 2").exit_code == 0);
    const auto touched = run("ps 1\n!touch " + copy + "\nps 1\nps 2");
    CHECK(touched.exit_code == 1);
    CHECK(contains(touched.out, "init"));
    const std::size_t told = touched.err.find("vmcore: the file has changed since it was opened");
    CHECK(told != std::string::npos);
    CHECK(touched.err.find("has changed", told + 50) == std::string::npos);
    CHECK(contains(run("!mv " + copy + " " + copy + ".1\nps 1").err, "has changed since it was opened"));
}

TEST_CASE("history, aliases and commands of one's own") {
    const Folder folder;
    const std::string one = alone({"ps", "1"});
    CHECK(shell(folder, "ps 1\n!!").out == one + "ps 1\n" + one);
    CHECK(shell(folder, "ps 1\n# x\n!1").out == one + "ps 1\n" + one);
    CHECK(shell(folder, "ps 1\n# x\nr ps").out == one + "ps 1\n" + one);
    CHECK(shell(folder, "ps 1 > /dev/null\nhistory").out == "[1] ps 1 > /dev/null\n[2] history\n");
    CHECK(contains(shell(folder, "!7").err, "no earlier line"));
    CHECK(shell(folder, "alias one ps 1 > /dev/null\none").out == one);
    CHECK(shell(folder, "alias one \"ps 1\"\none").out ==
          "ORIGIN   ALIAS    COMMAND\nruntime  one      ps 1\n" + one);

    folder.file("postmortem/rc", "alias mine \"ps 1\"\nset radix 16\nextend count \"grep -c pid\" ps\n");
    CHECK(shell(folder, "mine").out == one);
    CHECK(shell(folder, "set radix").out == "output radix: 16 (hex)\n");
    CHECK(shell(folder, "count").out != "0\n");
    CHECK(shell(folder, "count").err.empty());
    CHECK(contains(shell(folder, "mine", {"-s", "--no-rc"}).err, "'mine'"));
}

TEST_CASE("the banner, the prompt and help") {
    const Folder folder;
    const ProgramResult result = shell(folder, "ps 1", {});
    CHECK(contains(result.out, "     RELEASE: 6.1.0-56-cloud-amd64\n"));
    CHECK(contains(result.out, "\n  STATE: TASK_RUNNING (PANIC)\n"));
    CHECK(contains(result.out, "\ncrash> ps 1\n" + alone({"ps", "1"})));
    CHECK(contains(shell(folder, "help").out, "meminfo"));
    CHECK(contains(shell(folder, "help bt").out, "Usage:"));
    CHECK(contains(shell(folder, "man ps").out, "ps"));
}

TEST_CASE("files in any order, told apart by content") {
    const Folder folder;
    const std::string lines = folder.file("lines", "ps 1\nq\n");
    const std::string map = folder.file("System.map", "ffffffff81000000 T _text\n");
    CHECK(run_postmortem({"shell", "-s", "-i", lines, map, sample()}).out == alone({"ps", "1"}));
    CHECK(run_postmortem({"shell", "-s", "-i", lines, sample(), map}).out == alone({"ps", "1"}));
    const auto other = run_postmortem({"shell", "-s", "-i", lines, postmortem::test::program(), sample()});
    CHECK(other.exit_code == 3);  // a program is no vmlinux of that build
    CHECK(contains(run_postmortem({"shell", map}).err, "dump is missing"));
}

}  // namespace shell_test
