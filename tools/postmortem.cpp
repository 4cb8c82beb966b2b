// The program: finds the command, hands it the rest of the line.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <postmortem/files.h>

#include "command.h"
#include "crash_options.h"
#include "no_memory.h"

namespace {

std::string overview() {
    std::string text =
        "Usage: postmortem COMMAND [OPTIONS] DUMP [SELECTOR...]\n"
        "       postmortem DUMP\n\n"
        "Reads a Linux crash dump and says what happened. DUMP is a vmcore, or a directory as in "
        "/var/crash;\n"
        "no vmlinux is needed. report, panic, signature, check, triage and oom read kernel logs, too.\n\n"
        "Commands:\n";
    for (const tool::Command& command : tool::all_commands())
        if (command.summary) text += fmt::format("  {:<10} {}\n", command.name, command.summary);
    return text +
           "\n`postmortem COMMAND --help` explains each. Start with `postmortem report DUMP`.\n\n"
           "Exit status: 0 whole answer, 1 partial answer (what is missing is said on standard error and in "
           "the\n"
           "JSON's problems), 2 wrong usage, 3 the input cannot be used; panic, signature, triage and oom: 4 "
           "no\n"
           "such event; check: 5 known crashes, 6 a new one.\n";
}

// The signal then does what it would have done. What `nohup` has switched off stays off.
void remove_unfinished_files_at_signals() {
    struct sigaction action {};
    action.sa_handler = [](int number) {
        postmortem::remove_unfinished_files();
        std::raise(number);
    };
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before {};
        if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_DFL)
            ::sigaction(number, &action, nullptr);
    }
}

// Says which file could not be read, in place of a core dump.
void explain_bus_errors() {
    struct sigaction action {};
    action.sa_sigaction = [](int number, siginfo_t* info, void*) {
        char text[1024];
        const std::size_t length = postmortem::describe_bus_error(info->si_addr, text);
        if (length == 0) {
            std::raise(number);
            return;
        }
        for (const std::string_view piece :
             {std::string_view("postmortem: "), std::string_view(text, length), std::string_view("\n")})
            if (::write(STDERR_FILENO, piece.data(), piece.size()) < 0) break;
        postmortem::remove_unfinished_files();
        ::_exit(tool::unusable_input);
    };
    action.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND | SA_NODEFER);
    ::sigaction(SIGBUS, &action, nullptr);
}

// A file that is opened would take the number of a standard stream that is closed, and be written into. Each
// is opened the wrong way round, so that its use fails as that of a closed one does.
void occupy_standard_streams() {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(stream, F_GETFD) < 0)
            (void)::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

// A dump may be in a thousand parts, which are all open while it is read.
void allow_many_open_files() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == files.rlim_max) return;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

// Nor is a path that leads nowhere a command.
bool names_a_file(const std::string& word) {
    std::error_code unknown;
    return word == "-" || word.find('/') != std::string::npos || std::filesystem::exists(word, unknown);
}

}  // namespace

int main(int argc, char** argv) {
    occupy_standard_streams();
    allow_many_open_files();
    tool::explain_want_of_memory();
    std::signal(SIGXFSZ, SIG_IGN);  // `ulimit -f` is as a full disk: told, and what was begun is removed
    remove_unfinished_files_at_signals();
    explain_bus_errors();
    const std::vector<std::string> words(argv + 1, argv + argc);
    tool::Output output(stdout, stderr);
    if (words.empty()) {
        std::fputs(overview().c_str(), stderr);
        return tool::usage_error;
    }
    if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
        if (words.size() > 1)
            if (const tool::Command* command = tool::find_command(words[1]))
                return tool::run(*command, {"--help"}, output);
        return output.finish(overview(), {});
    }
    if (words[0] == "--version") return output.finish(fmt::format("postmortem {}\n", POSTMORTEM_VERSION), {});
    const tool::Command* command = tool::find_command(words[0]);
    if (!command && names_a_file(words[0])) return tool::run(*tool::find_command("report"), words, output);
    if (!command)
        return output.complain(tool::why_no_command(words[0]).value_or(
            fmt::format("{}; see `postmortem --help`", tool::no_command(words[0]))));
    return tool::run(*command, {words.begin() + 1, words.end()}, output);
}
