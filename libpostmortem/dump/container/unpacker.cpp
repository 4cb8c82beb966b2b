#include "dump/container/unpacker.h"

#include <algorithm>
#include <array>

namespace postmortem {

Bytes Unpacker::next() {
    MutableBytes room = out_;
    while (!done_ && !room.empty()) step(room);
    return Bytes(out_).first(out_.size() - room.size());
}

void Unpacker::step(MutableBytes& room) {
    if (waiting_.empty() && at_ < source_.size()) refill();
    if (between_streams_ && !goes_on()) {
        done_ = true;
        return;
    }
    const std::size_t in_before = waiting_.size(), room_before = room.size();
    const StreamProgress progress = decoder_->step(waiting_, room);
    const bool stuck = waiting_.size() == in_before && room.size() == room_before;
    idle_ = stuck && progress == StreamProgress::More ? idle_ + 1 : 0;
    if (progress == StreamProgress::Damaged || idle_ > 2)
        end_ = End::Damaged;
    else if (idle_ > 0 && waiting_.empty())
        end_ = End::CutOff;
    done_ = end_ != End::Well;
    between_streams_ = progress == StreamProgress::End;
}

// Whether another stream follows. What is none must not be taken for one: of some formats almost anything
// could be.
bool Unpacker::goes_on() {
    skip_padding();
    if (waiting_.empty()) return false;
    std::array<std::byte, 16> scratch;
    const Bytes head = source_.read_what_is_there(taken(), scratch.size(), scratch);
    if (stream_format(head) == format_ || skippable_frame_size(head) != 0) return true;
    left_behind_ = source_.size() - taken();
    return false;
}

void Unpacker::skip_padding() {
    for (;;) {
        const auto data =
            std::find_if(waiting_.begin(), waiting_.end(), [](std::byte b) { return b != std::byte{0}; });
        waiting_ = waiting_.subspan(static_cast<std::size_t>(data - waiting_.begin()));
        if (!waiting_.empty() || at_ >= source_.size()) return;
        refill();
    }
}

void Unpacker::refill() {
    const std::uint64_t length = std::min<std::uint64_t>(in_.size(), source_.size() - at_);
    waiting_ = source_.read(at_, length, in_).value_or(Bytes{});
    at_ = waiting_.empty() ? source_.size() : at_ + length;
}

}  // namespace postmortem
