#include "log/text/line_splitter.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace postmortem {
namespace {

constexpr std::size_t buffer_size = LineSplitter::most_ahead;
constexpr std::string_view watched("\x1b\0&<`*\\", 7);

std::string_view without_carriage_returns(std::string_view line) {
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    while (!line.empty() && line.front() == '\r') line.remove_prefix(1);
    return line;
}

// Eight bytes at once: the whole log passes here.
bool holds_more_than_ascii(std::string_view text) {
    std::uint64_t all = 0;
    while (text.size() >= sizeof all) {
        std::uint64_t part = 0;
        std::memcpy(&part, text.data(), sizeof part);
        all |= part;
        text.remove_prefix(sizeof part);
    }
    for (const char c : text) all |= static_cast<unsigned char>(c);
    return (all & 0x8080808080808080u) != 0;
}

}  // namespace

LineSplitter::LineSplitter(std::unique_ptr<ByteStream> source)
    : source_(std::move(source)), buffer_(buffer_size) {}

// Moves what is left to the front and reads behind it; false where nothing more came.
bool LineSplitter::refill() {
    if (at_end_) return false;
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ == buffer_.size()) return false;
    const auto got = source_->read(std::as_writable_bytes(std::span(buffer_).subspan(end_)));
    if (!got) error_ = got.error();
    at_end_ = !got || *got == 0;
    if (at_end_) return false;
    end_ += *got;
    for (const char c : watched)
        near_[static_cast<unsigned char>(c)] = waiting().find(c) != std::string_view::npos;
    more_than_ascii_ = holds_more_than_ascii(waiting());
    return true;
}

std::optional<std::string_view> LineSplitter::next() {
    std::size_t searched = 0;
    was_cut_ = false;
    while (true) {
        const std::string_view bytes = waiting();
        const std::size_t newline = bytes.find('\n', searched);
        const bool cut = std::min(newline, bytes.size()) > max_line;
        if (newline == std::string_view::npos && !cut) {
            searched = bytes.size();
            if (refill()) continue;
            if (bytes.empty()) return std::nullopt;
        }
        ++line_number_;
        was_cut_ = cut;
        const std::string_view line = waiting().substr(0, cut ? max_line : newline);
        if (cut && newline == std::string_view::npos) {
            cut_line_.assign(line);
            begin_ += line.size();
            drop_rest_of_line();
            return without_carriage_returns(cut_line_);
        }
        begin_ += newline == std::string_view::npos ? bytes.size() : newline + 1;
        return without_carriage_returns(line);
    }
}

void LineSplitter::drop_rest_of_line() {
    while (true) {
        const std::size_t newline = waiting().find('\n');
        if (newline != std::string_view::npos) {
            begin_ += newline + 1;
            return;
        }
        begin_ = end_;
        if (!refill()) return;
    }
}

std::string_view LineSplitter::next_bytes(std::size_t length) {
    const std::string_view front = peek(length);
    begin_ += front.size();
    line_number_ += static_cast<std::size_t>(std::count(front.begin(), front.end(), '\n'));
    return front;
}

void LineSplitter::skip(std::size_t length) {
    while (length != 0) {
        const std::size_t here = std::min(length, end_ - begin_);
        line_number_ += static_cast<std::size_t>(
            std::count(buffer_.data() + begin_, buffer_.data() + begin_ + here, '\n'));
        begin_ += here;
        length -= here;
        if (length != 0 && !refill()) return;
    }
}

std::string_view LineSplitter::peek(std::size_t length) {
    while (end_ - begin_ < length && refill()) {
    }
    return waiting().substr(0, length);
}

}  // namespace postmortem
