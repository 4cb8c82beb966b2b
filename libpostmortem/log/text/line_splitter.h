// Lines out of a byte source, in one buffer of fixed size: no copy per line, no growth on a line without an
// end.
#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/text/byte_stream.h"

namespace postmortem {

class LineSplitter {
  public:
    static constexpr std::size_t max_line = 64 * 1024;
    static constexpr std::size_t most_ahead = 4 * max_line;  ///< that peek() reaches

    explicit LineSplitter(std::unique_ptr<ByteStream> source);

    /// The next line without its end ("\n", "\r\n", "\r\r\n"); nothing at the end. Valid until the next call.
    std::optional<std::string_view> next();
    /// The next `length` bytes as they are; fewer at the end, and never more than the buffer holds.
    std::string_view next_bytes(std::size_t length);
    void skip(std::size_t length);
    /// Up to `length` bytes that next() will return, without taking them.
    std::string_view peek(std::size_t length);
    /// As much of that as has been read: what next() returned stays valid.
    std::string_view buffered() const { return waiting(); }

    /// 1-based number of the line that next() returned last.
    std::size_t line_number() const { return line_number_; }
    /// Whether that line was longer than max_line and lost its rest.
    bool was_cut() const { return was_cut_; }
    /// Whether one of the characters that need care (an escape, a zero, '&', '<', '`', a backslash) is
    /// anywhere near: spares the readers a search in every line.
    bool may_hold(char c) const { return near_[static_cast<unsigned char>(c)]; }
    /// The same of anything that is no ASCII.
    bool may_hold_more_than_ascii() const { return more_than_ascii_; }
    const std::optional<Error>& error() const { return error_; }

  private:
    bool refill();
    void drop_rest_of_line();
    std::string_view waiting() const { return {buffer_.data() + begin_, end_ - begin_}; }

    std::unique_ptr<ByteStream> source_;
    std::vector<char> buffer_;
    std::string cut_line_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t line_number_ = 0;
    bool at_end_ = false;
    bool was_cut_ = false;
    std::bitset<256> near_;
    bool more_than_ascii_ = false;
    std::optional<Error> error_;
};

}  // namespace postmortem
