#include "log/text/encoding.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postmortem {
namespace {

constexpr std::size_t encoded_chunk = 64 * 1024;

// Hands out what was read ahead, then the rest; or, as a converter, what became of both.
class Converter final : public ByteStream {
  public:
    enum class From { Bytes, Utf16Little, Utf16Big, CarriageReturns };

    Converter(std::vector<std::byte> front, std::optional<Error> failure, std::unique_ptr<ByteStream> rest,
              From from)
        : in_(std::move(front)), failure_(std::move(failure)), rest_(std::move(rest)), from_(from) {
        convert();
    }

    Result<std::size_t> read(MutableBytes into) override {
        while (at_ == out_.size()) {
            out_.clear();
            at_ = 0;
            if (failure_) return fail(*std::exchange(failure_, std::nullopt));
            if (in_.empty() && from_ == From::Bytes) return rest_->read(into);
            const std::size_t kept = in_.size();
            in_.resize(kept + encoded_chunk);
            const auto got = rest_->read(MutableBytes(in_).subspan(kept));
            in_.resize(kept + got.value_or(0));
            if (!got) return fail(got.error());
            if (*got == 0) return 0;  // half a character may be left; there is no other half
            convert();
        }
        const std::size_t length = std::min(into.size(), out_.size() - at_);
        std::memcpy(into.data(), out_.data() + at_, length);
        at_ += length;
        return length;
    }

  private:
    void convert() {
        const std::string_view bytes = as_text(in_);
        if (from_ == From::Bytes || from_ == From::CarriageReturns) {
            out_.append(bytes);
            if (from_ == From::CarriageReturns) std::replace(out_.begin(), out_.end(), '\r', '\n');
            in_.clear();
            return;
        }
        const std::size_t whole = bytes.size() & ~std::size_t{1};
        for (std::size_t i = 0; i < whole; i += 2) add_unit(unit(bytes, i));
        in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(whole));
    }

    std::uint32_t unit(std::string_view bytes, std::size_t at) const {
        const std::uint32_t first = static_cast<unsigned char>(bytes[at]);
        const std::uint32_t second = static_cast<unsigned char>(bytes[at + 1]);
        return from_ == From::Utf16Little ? second << 8 | first : first << 8 | second;
    }

    void add_unit(std::uint32_t value) {
        const bool is_low = value >= 0xdc00 && value < 0xe000;
        if (high_ && is_low) {
            append_utf8(out_, 0x10000 + ((*high_ - 0xd800) << 10) + (value - 0xdc00));
            high_.reset();
            return;
        }
        if (high_) append_utf8(out_, 0xfffd);
        high_.reset();
        if (value >= 0xd800 && value < 0xdc00) {
            high_ = value;
        } else if (value != 0xfeff) {
            append_utf8(out_, is_low ? 0xfffd : value);
        }
    }

    std::vector<std::byte> in_;
    std::optional<Error> failure_;  // behind what was read ahead
    std::unique_ptr<ByteStream> rest_;
    From from_;
    std::string out_;
    std::size_t at_ = 0;
    std::optional<std::uint32_t> high_;  // the first half of a surrogate pair
};

// Without a mark: every second byte of Latin text is zero, and the others are not.
bool has_zero_at(std::string_view front, std::size_t parity) {
    if (front.size() < 16) return false;
    const std::size_t length = std::min<std::size_t>(front.size(), 512) & ~std::size_t{1};
    std::size_t zeros = 0, others = 0;
    for (std::size_t i = 0; i < length; ++i) {
        if (front[i] == '\0') ++(i % 2 == parity ? zeros : others);
    }
    return others == 0 && zeros * 2 > length * 9 / 10;
}

Converter::From kind_of(std::string_view front, std::size_t& mark) {
    using From = Converter::From;
    mark = 0;
    if (front.starts_with("\xff\xfe") || front.starts_with("\xfe\xff")) {
        mark = 2;
        return front.starts_with("\xff") ? From::Utf16Little : From::Utf16Big;
    }
    if (front.starts_with("\xef\xbb\xbf")) mark = 3;
    if (has_zero_at(front, 1)) return From::Utf16Little;
    if (has_zero_at(front, 0)) return From::Utf16Big;
    const bool only_returns =
        front.find('\n') == std::string_view::npos && std::count(front.begin(), front.end(), '\r') > 2;
    return only_returns ? From::CarriageReturns : From::Bytes;
}

}  // namespace

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6);
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

namespace {

enum class Blank { None, Plain, NoWidth };

Blank blank_of(std::string_view text, std::size_t& length) {
    length = 2;
    if (text.starts_with("\xc2\xa0")) return Blank::Plain;
    length = 3;
    if (text.starts_with("\xe3\x80\x80") || text.starts_with("\xe2\x80\xaf")) return Blank::Plain;
    if (text.starts_with("\xef\xbb\xbf") || text.starts_with("\xe2\x81\xa0")) return Blank::NoWidth;
    if (text.size() < length || !text.starts_with("\xe2\x80")) return Blank::None;
    const auto last = static_cast<unsigned char>(text[2]);
    if (last >= 0x80 && last <= 0x8a) return Blank::Plain;               // U+2000 to U+200A
    return last >= 0x8b && last <= 0x8f ? Blank::NoWidth : Blank::None;  // and marks of direction
}

// Eight bytes at once; the size of the text where there is none.
std::size_t next_beyond_ascii(std::string_view text, std::size_t at) {
    for (std::uint64_t part = 0; at + sizeof part <= text.size(); at += sizeof part) {
        std::memcpy(&part, text.data() + at, sizeof part);
        if ((part & 0x8080808080808080u) != 0) break;
    }
    while (at < text.size() && (text[at] & 0x80) == 0) ++at;
    return at;
}

}  // namespace

bool with_plain_blanks(std::string_view line, std::string& out) {
    std::size_t copied = 0, length = 0;
    bool changed = false;
    for (std::size_t at = next_beyond_ascii(line, 0); at < line.size(); at = next_beyond_ascii(line, at)) {
        const Blank blank = blank_of(line.substr(at), length);
        if (blank == Blank::None) {
            ++at;
            continue;
        }
        if (!changed) out.clear();
        changed = true;
        out.append(line.substr(copied, at - copied));
        if (blank == Blank::Plain) out.push_back(' ');
        at += length;
        copied = at;
    }
    if (changed) out.append(line.substr(copied));
    return changed;
}

std::unique_ptr<ByteStream> as_utf8(std::unique_ptr<ByteStream> source) {
    std::vector<std::byte> front(4096);
    std::optional<Error> failure;
    std::size_t length = 0;
    while (length < front.size()) {
        const auto got = source->read(MutableBytes(front).subspan(length));
        if (!got) failure = got.error();
        if (!got || *got == 0) break;
        length += *got;
    }
    front.resize(length);
    std::size_t mark = 0;
    const Converter::From from = kind_of(as_text(front), mark);
    front.erase(front.begin(), front.begin() + static_cast<std::ptrdiff_t>(mark));
    return std::make_unique<Converter>(std::move(front), std::move(failure), std::move(source), from);
}

}  // namespace postmortem
