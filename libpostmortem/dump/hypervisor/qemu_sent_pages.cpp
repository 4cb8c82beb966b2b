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
    judge_newest(page);
    const bool kept = !newest_ || keep(newest_->first_page, newest_->at);
    newest_ = QemuPageRun{page, 1, at};
    announced_.reset();
    return kept;
}

// The newest lies before what came first, and is not what its header says, if the next does not.
bool QemuSentPages::some_again() const {
    const bool newest_again = newest_ && newest_->first_page < due();
    if (!in_order_ || (newest_again && announced_.value_or(0) < due())) return true;
    const std::uint64_t end = newest_ ? std::max(newest_->end_page(), due()) : due();
    return announced_ && *announced_ < end;
}

std::optional<std::uint64_t> QemuSentPages::next_due() const {
    const std::uint64_t page = newest_ ? newest_->end_page() : 0;
    return in_order_ && page >= due() ? std::optional(page) : std::nullopt;
}

std::vector<QemuPageRun> QemuSentPages::take(std::vector<Error>& problems) {
    if (due() + 1 == machine_pages_) judge_newest(machine_pages_);
    if (newest_) keep(newest_->first_page, newest_->at);
    tell_damaged(problems);
    if (!in_order_) keep_the_last();
    return std::move(runs_);
}

// While all pages come one behind the other, one that does not lie between its neighbours, and these ascend,
// is not what its header says. Where just one is missing between them, it is that one.
void QemuSentPages::judge_newest(std::uint64_t next) {
    if (!newest_ || !in_order_ || next < due()) return;
    const std::uint64_t page = newest_->first_page;
    const bool lies_between = page >= due() && page < next;
    if (lies_between || page == due() || page + 1 == machine_pages_) return;
    if (next == due() + 1 && is_power_of_two(page ^ due())) {
        newest_->first_page = due();
        ++mended_;
    } else {
        newest_.reset();
        ++left_out_;
    }
}

bool QemuSentPages::keep(std::uint64_t page, std::uint64_t at) {
    in_order_ = in_order_ && (runs_.empty() || page >= runs_.back().end_page());
    if (!runs_.empty() && runs_.back().end_page() == page && continues(runs_.back(), at)) {
        ++runs_.back().count;
        return true;
    }
    if (runs_.size() == max_runs) return false;
    runs_.push_back({page, 1, at});
    return true;
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
    in_order_ = true;
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
