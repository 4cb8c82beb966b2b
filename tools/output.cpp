#include "output.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include <postmortem/render.h>

namespace tool {

namespace {

int error_number() {
    return errno != 0 ? errno : EIO;
}

}  // namespace

bool Output::write(std::string_view piece) {
    errno = 0;
    if (error_ == 0 && std::fwrite(piece.data(), 1, piece.size(), answer_) != piece.size())
        error_ = error_number();
    return error_ == 0;
}

// With the file's name where it was redirected into one.
std::string Output::destination() const {
    std::error_code unknown;
    const auto file =
        std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", ::fileno(answer_)), unknown);
    return file.is_absolute() ? fmt::format("standard output ({})", file.string()) : "standard output";
}

bool Output::to_terminal() const {
    return ::isatty(::fileno(answer_)) != 0;
}

void Output::expect_much() {
    std::setvbuf(answer_, nullptr, _IOFBF, 1 << 16);
}

// Nobody need hear it: what is wrong, the exit code says, too.
void Output::remark(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), remarks_);
}

int Output::finish(std::string_view last, const postmortem::Problems& problems) {
    if (write(last) && std::fflush(answer_) != 0) error_ = error_number();
    if (error_ != 0)
        return complain(
            fmt::format("the answer could not be written to {}: {}", destination(), std::strerror(error_)),
            unusable_input);
    for (const postmortem::Error& problem : postmortem::joined_by_cause(problems))
        remark(fmt::format("postmortem: missing: {}\n",
                           postmortem::escape_for_terminal(postmortem::describe(problem))));
    return problems.empty() ? whole_answer : partial_answer;
}

int Output::finish(const postmortem::Error& error) {
    using postmortem::ErrorCode;
    const bool wrong_question = error.code == ErrorCode::NotFound || error.code == ErrorCode::InvalidArgument;
    return complain(postmortem::describe(error), wrong_question ? usage_error : unusable_input);
}

int Output::refuse(const postmortem::Error& error) {
    return complain(postmortem::describe(error), unusable_input);
}

int Output::complain(std::string_view sentence, int exit_code) {
    remark(fmt::format("postmortem: {}\n", postmortem::escape_for_terminal(sentence)));
    return exit_code;
}

}  // namespace tool
