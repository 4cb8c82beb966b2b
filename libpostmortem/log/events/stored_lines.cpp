#include "log/events/stored_lines.h"

#include <algorithm>
#include <utility>

namespace postmortem {
namespace {

constexpr std::size_t chunk_size = 64u << 10;
constexpr std::size_t most_spare_chunks = 4;

}  // namespace

void StoredLines::add(StoredLine line) {
    if (end_ - begin_ == ring_.size()) grow();
    make_room(line.context.size() + line.text.size());
    line.context = copy(line.context);
    line.text = copy(line.text);
    ring_[end_++ & (ring_.size() - 1)] = line;
    chunks_.back().end = end_;
}

void StoredLines::forget_before(std::size_t place) {
    begin_ = place;
    while (!chunks_.empty() && chunks_.front().end <= place) {
        std::string& bytes = chunks_.front().bytes;
        if (spare_.size() < most_spare_chunks && bytes.capacity() <= 2 * chunk_size) {
            bytes.clear();
            spare_.push_back(std::move(bytes));
        }
        chunks_.pop_front();
    }
}

// A text does not move once it is stored, so a chunk never grows.
void StoredLines::make_room(std::size_t bytes) {
    if (!chunks_.empty() && chunks_.back().bytes.capacity() - chunks_.back().bytes.size() >= bytes) return;
    Chunk chunk;
    if (!spare_.empty()) {
        chunk.bytes = std::move(spare_.back());
        spare_.pop_back();
    }
    chunk.bytes.reserve(std::max(chunk_size, bytes));
    chunks_.push_back(std::move(chunk));
}

std::string_view StoredLines::copy(std::string_view text) {
    std::string& bytes = chunks_.back().bytes;
    const std::size_t begin = bytes.size();
    bytes.append(text);
    return std::string_view(bytes).substr(begin);
}

void StoredLines::grow() {
    std::vector<StoredLine> larger(ring_.size() * 2);
    for (std::size_t place = begin_; place < end_; ++place)
        larger[place & (larger.size() - 1)] = ring_[place & (ring_.size() - 1)];
    ring_ = std::move(larger);
}

}  // namespace postmortem
