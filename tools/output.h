// Where a command's answer goes: standard output, or a pipe or file in its place; and what it has to say
// beside.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace tool {

/// Documented in README.md; scripts rely on them.
enum ExitCode : int {
    whole_answer = 0,
    partial_answer = 1,
    usage_error = 2,
    unusable_input = 3,
    nothing_found = 4,  ///< panic, signature, oom: there is no such event
    known_crash = 5,    ///< check
    new_crash = 6,      ///< check
};

/// Borrows both streams.
class Output {
  public:
    Output(std::FILE* answer, std::FILE* remarks) : answer_(answer), remarks_(remarks) {}

    /// A piece of the answer. finish() notices where this failed; a long command may stop where it says
    /// false.
    bool write(std::string_view piece);
    bool to_terminal() const;
    /// Megabytes may follow.
    void expect_much();

    /// The answer's end: `last`, then its problems on the stream for remarks.
    int finish(std::string_view last, const postmortem::Problems& problems);
    /// An error as one sentence; the exit code says whose fault it is.
    int finish(const postmortem::Error& error);
    /// The same for an input that cannot be used, whatever is wrong with it.
    int refuse(const postmortem::Error& error);
    int complain(std::string_view sentence, int exit_code = usage_error);

  private:
    std::string destination() const;
    void remark(std::string_view line);

    std::FILE* answer_;
    std::FILE* remarks_;
    int error_ = 0;  ///< why the answer could not be written
};

}  // namespace tool
