#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include <postmortem/lost_pages.h>

namespace postmortem {
namespace {

thread_local LostPages* innermost = nullptr;
static_assert(std::is_trivially_destructible_v<decltype(innermost)>);

bool speaks_against_answers(ErrorCode code) {
    return code == ErrorCode::PageMissing || code == ErrorCode::Corrupt || code == ErrorCode::Io ||
           code == ErrorCode::Doubtful;
}

}  // namespace

LostPages::LostPages() noexcept
    : outer_(std::exchange(innermost, this)), first_(ErrorCode::PageMissing, std::string()) {}

LostPages::~LostPages() {
    innermost = outer_;
}

void LostPages::note(const Error& error) noexcept {
    if (!speaks_against_answers(error.code)) return;
    for (LostPages* scope = innermost; scope; scope = scope->outer_)
        if (scope->count_++ == 0) scope->first_ = error;
}

Problems LostPages::so_far() {
    return innermost ? innermost->problems() : Problems();
}

Problems LostPages::problems() const {
    if (count_ == 0) return {};
    Error problem = first_;
    problem.message =
        fmt::format("{}: {}",
                    first_.code == ErrorCode::Doubtful ? "what the answer depends on may be wrong"
                                                       : "what the answer may depend on is lost",
                    first_.message);
    return {std::move(problem)};
}

LossesHandled::LossesHandled() noexcept : outer_(std::exchange(innermost, nullptr)) {}

LossesHandled::~LossesHandled() {
    innermost = outer_;
}

}  // namespace postmortem
