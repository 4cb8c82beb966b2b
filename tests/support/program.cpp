#include "support/program.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/places.h"

namespace postmortem::test {
namespace {

std::string take_all(std::FILE* file) {
    std::string text;
    std::array<char, 65536> piece;
    std::rewind(file);
    while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), file))
        text.append(piece.data(), got);
    std::fclose(file);
    return text;
}

}  // namespace

ProgramResult run_postmortem(const std::vector<std::string>& arguments, std::uint64_t kibibytes) {
    std::string binary = program();
    std::vector<char*> words{binary.data()};
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);

    std::FILE* out = std::tmpfile();
    std::FILE* err = std::tmpfile();
    const pid_t child = fork();
    if (child == 0) {
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        const rlimit space{kibibytes << 10, kibibytes << 10};
        if (kibibytes != 0) setrlimit(RLIMIT_AS, &space);
        execv(words[0], words.data());
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ProgramResult result;
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result.out = take_all(out);
    result.err = take_all(err);
    return result;
}

}  // namespace postmortem::test
