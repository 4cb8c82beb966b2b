#include "dump/hypervisor/qemu_sent_pages.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {
namespace {

bool continues(const QemuPageRun& run, std::uint64_t at) {
    return at == 0 ? run.at == 0 : run.at != 0 && at == run.at + run.count * qemu_page_stride;
}

}  // namespace

bool QemuSentPages::add(std::uint64_t page, std::uint64_t at) {
    const bool kept = keep_newest(page);
    newest_ = QemuPageRun{page, 1, at};
    announced_.reset();
    return kept;
}

// The newest lies before what came first, and is not what its header says, if the next does not.
bool QemuSentPages::some_again() const {
    const bool newest_again = newest_ && newest_->first_page < due_;
    if (!in_order_ || (newest_again && announced_.value_or(0) < due_)) return true;
    const std::uint64_t end = newest_ ? std::max(newest_->end_page(), due_) : due_;
    return announced_ && *announced_ < end;
}

std::optional<std::uint64_t> QemuSentPages::next_due() const {
    const std::uint64_t page = newest_ ? newest_->end_page() : 0;
    return in_order_ && page >= due_ ? std::optional(page) : std::nullopt;
}

std::vector<QemuPageRun> QemuSentPages::take(std::vector<Error>& problems) {
    keep_newest(due_ + 1 == machine_pages_ ? machine_pages_ : 0);
    judge_suspects();
    tell_damaged(problems);
    if (!in_order_ || !suspects_.empty()) keep_the_last();
    return std::move(runs_);
}

bool QemuSentPages::keep_newest(std::uint64_t next) {
    if (!newest_) return true;
    const auto [page, count, at] = *newest_;
    newest_.reset();
    if (!is_suspect_at(page, next)) {
        in_order_ = in_order_ && page >= due_;
        due_ = std::max(due_, page + 1);
        return keep(page, at);
    }
    if (runs_.size() == max_runs) return false;
    suspects_.push_back({runs_.size(), due_++});
    runs_.push_back({page, 1, at});
    return true;
}

// While all pages come one behind the other, one that does not lie between its neighbours, where just one is
// missing between them, may be that one.
bool QemuSentPages::is_suspect_at(std::uint64_t page, std::uint64_t next) const {
    constexpr std::size_t most_suspects = 64;
    return in_order_ && suspects_.size() < most_suspects && page != due_ && page + 1 != machine_pages_ &&
           next == due_ + 1 && is_power_of_two(page ^ due_);
}

bool QemuSentPages::keep(std::uint64_t page, std::uint64_t at) {
    const bool behind_suspect = !suspects_.empty() && suspects_.back().run + 1 == runs_.size();
    if (!runs_.empty() && !behind_suspect && runs_.back().end_page() == page && continues(runs_.back(), at)) {
        ++runs_.back().count;
        return true;
    }
    if (runs_.size() == max_runs) return false;
    runs_.push_back({page, 1, at});
    return true;
}

// A snapshot in the background sends a page early that the machine is about to change, and each once. A page
// that a wrong bit makes another comes as that one, too.
void QemuSentPages::judge_suspects() {
    std::vector<std::size_t> left_out;
    for (const Suspect& suspect : suspects_) {
        QemuPageRun& run = runs_[suspect.run];
        if (comes_elsewhere(run.first_page, suspect.run)) {
            run.first_page = suspect.due;
            ++mended_;
        } else if (!comes_elsewhere(suspect.due, suspect.run)) {
            left_out.push_back(suspect.run);
        }
    }
    left_out_ = left_out.size();
    for (auto index = left_out.rbegin(); index != left_out.rend(); ++index)
        runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(*index));
}

bool QemuSentPages::comes_elsewhere(std::uint64_t page, std::size_t run) const {
    for (std::size_t i = 0; i < runs_.size(); ++i)
        if (i != run && page >= runs_[i].first_page && page < runs_[i].end_page()) return true;
    return false;
}

// Page by page: the file holds at least nine bytes of each.
void QemuSentPages::keep_the_last() {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> pages;
    for (const QemuPageRun& run : runs_)
        for (std::uint64_t i = 0; i < run.count; ++i)
            pages.emplace_back(run.first_page + i, run.at == 0 ? 0 : run.at + i * qemu_page_stride);
    std::stable_sort(pages.begin(), pages.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    runs_.clear();
    suspects_.clear();
    for (std::size_t i = 0; i < pages.size(); ++i)
        if (i + 1 == pages.size() || pages[i + 1].first != pages[i].first)
            keep(pages[i].first, pages[i].second);
}

void QemuSentPages::tell_damaged(std::vector<Error>& problems) const {
    if (mended_ != 0)
        problems.emplace_back(
            ErrorCode::Corrupt,
            fmt::format("the addresses of {} pages of the saved machine are damaged; they are taken for "
                        "the pages that are missing where they stand",
                        mended_));
    if (left_out_ != 0)
        problems.emplace_back(
            ErrorCode::Corrupt,
            fmt::format("the addresses of {} pages of the saved machine are damaged, and they are left out",
                        left_out_));
}

}  // namespace postmortem
