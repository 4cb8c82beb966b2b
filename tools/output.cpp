#include "output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <postmortem/render.h>

namespace tool {

bool Output::write(std::string_view piece) {
    failed_ = failed_ || std::fwrite(piece.data(), 1, piece.size(), answer_) != piece.size();
    return !failed_;
}

bool Output::to_terminal() const {
    return ::isatty(::fileno(answer_)) != 0;
}

void Output::expect_much() {
    std::setvbuf(answer_, nullptr, _IOFBF, 1 << 16);
}

int Output::finish(std::string_view last, const postmortem::Problems& problems) {
    if (!write(last) || std::fflush(answer_) != 0 || std::ferror(answer_) != 0)
        return complain("the answer could not be written to standard output", unusable_input);
    for (const postmortem::Error& problem : problems)
        fmt::print(remarks_, "postmortem: missing: {}\n",
                   postmortem::escape_for_terminal(postmortem::describe(problem)));
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
    fmt::print(remarks_, "postmortem: {}\n", postmortem::escape_for_terminal(sentence));
    return exit_code;
}

}  // namespace tool
