#include "log/oom/oom_filter.h"

#include <algorithm>
#include <cstring>

#include "log/oom/oom_anchors.h"

namespace postmortem::oom {
namespace {

std::size_t count_lines(std::string_view text) {
    std::size_t count = 0;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        const void* const newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
        if (newline == nullptr) break;
        at = static_cast<const char*>(newline) + 1;
        ++count;
    }
    return count;
}

}  // namespace

AnchorFilter::AnchorFilter(std::unique_ptr<ByteStream> source)
    : source_(std::move(source)), block_(block_size), previous_(block_size) {}

Result<std::size_t> AnchorFilter::read(MutableBytes into) {
    while (out_at_ == out_.size()) {
        const auto more = next_block();
        if (!more) return fail(more.error());
        if (!*more) return 0;
    }
    const std::size_t length = std::min(into.size(), out_.size() - out_at_);
    std::memcpy(into.data(), out_.data() + out_at_, length);
    out_at_ += length;
    return length;
}

// Fills the block up to its size and finds where its last whole line ends. False at the end of the log.
Result<bool> AnchorFilter::fill() {
    std::memmove(block_.data(), block_.data() + block_end_, filled_ - block_end_);
    filled_ -= block_end_;
    block_end_ = 0;
    while (!at_end_ && filled_ < block_.size()) {
        const auto length = source_->read(
            MutableBytes(reinterpret_cast<std::byte*>(block_.data()), block_.size()).subspan(filled_));
        if (!length) {
            at_end_ = true;
            failure_ = length.error();
            break;  // what was read counts
        }
        at_end_ = *length == 0;
        filled_ += *length;
    }
    if (filled_ == 0 && failure_) return fail(*failure_);
    const std::string_view text(block_.data(), filled_);
    const std::size_t newline = text.rfind('\n');
    block_end_ = at_end_ || newline == std::string_view::npos ? filled_ : newline + 1;
    return filled_ != 0;
}

Result<bool> AnchorFilter::next_block() {
    out_.clear();
    out_at_ = 0;
    while (true) {
        const auto more = fill();
        if (!more || !*more) return more;
        if (!interested_ && Anchors::get().find(block()) != std::string_view::npos) interested_ = true;
        if (interested_) break;
        drop(block());
    }
    // Lines in front of what caught the eye: a report that lost its first lines has no anchor there.
    if (previous_size_ != 0) {
        std::string_view context(previous_.data(), previous_size_);
        if (context.size() > context_size) {
            context.remove_prefix(context.size() - context_size);
            const std::size_t newline = context.find('\n');
            context.remove_prefix(newline == std::string_view::npos ? context.size() : newline + 1);
        }
        dropped_lines_ -= count_lines(context);
        let_through(context);
        previous_size_ = 0;
    }
    let_through(block());
    return true;
}

void AnchorFilter::drop(std::string_view text) {
    dropped_lines_ += count_lines(text);
    std::memcpy(previous_.data(), text.data(), text.size());
    previous_size_ = text.size();
}

void AnchorFilter::let_through(std::string_view text) {
    if (gaps_.empty() || gaps_.back().dropped != dropped_lines_)
        gaps_.push_back({passed_lines_ + 1, dropped_lines_});
    passed_lines_ += count_lines(text);
    out_.insert(out_.end(), text.begin(), text.end());
}

std::size_t AnchorFilter::original_line(std::size_t line) {
    while (gaps_.size() > 1 && gaps_[1].first <= line) gaps_.pop_front();
    return gaps_.empty() ? line : line + gaps_.front().dropped;
}

}  // namespace postmortem::oom
