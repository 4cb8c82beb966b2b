#include "base/mapped_places.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>

#include <postmortem/files.h>

namespace postmortem {
namespace {

struct Mapping {
    std::atomic<std::uintptr_t> begin{0};  ///< 0: nobody's; 1: being written
    std::uintptr_t end = 0;
    dev_t device = 0;
    ino_t inode = 0;
    std::array<char, 512> path{};
    std::size_t path_length = 0;
};

std::array<Mapping, 64> mappings;

std::uintptr_t number_of(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address);
}

/// Writes text where a handler has nothing else to write it with.
class Sentence {
  public:
    explicit Sentence(std::span<char> room) : room_(room) {}

    Sentence& operator<<(std::string_view text) {
        const std::size_t length = std::min(text.size(), room_.size() - written_);
        std::copy_n(text.begin(), length, room_.begin() + static_cast<std::ptrdiff_t>(written_));
        written_ += length;
        return *this;
    }
    Sentence& operator<<(std::uintptr_t number) {
        std::array<char, 24> digits;
        const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
        return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
    }
    std::size_t written() const { return written_; }

  private:
    std::span<char> room_;
    std::size_t written_ = 0;
};

}  // namespace

void note_mapping(Bytes mapping, std::string_view path, const struct stat& file) noexcept {
    for (Mapping& slot : mappings) {
        std::uintptr_t nobodys = 0;
        if (!slot.begin.compare_exchange_strong(nobodys, 1)) continue;
        slot.end = number_of(mapping.data()) + mapping.size();
        slot.device = file.st_dev;
        slot.inode = file.st_ino;
        slot.path_length = std::min(path.size(), slot.path.size());
        std::copy_n(path.begin(), slot.path_length, slot.path.begin());
        slot.begin.store(number_of(mapping.data()));
        return;
    }
}

void forget_mapping(Bytes mapping) noexcept {
    for (Mapping& slot : mappings)
        if (slot.begin.load() == number_of(mapping.data())) slot.begin.store(0);
}

bool is_mapped(const struct stat& file) noexcept {
    return std::any_of(mappings.begin(), mappings.end(), [&](const Mapping& slot) {
        return slot.begin.load() > 1 && slot.device == file.st_dev && slot.inode == file.st_ino;
    });
}

std::size_t describe_bus_error(const void* address, std::span<char> text) noexcept {
    const std::uintptr_t place = number_of(address);
    for (const Mapping& slot : mappings) {
        const std::uintptr_t begin = slot.begin.load();
        if (begin <= 1 || place < begin || place >= slot.end) continue;
        Sentence sentence(text);
        sentence
            << std::string_view(slot.path.data(), slot.path_length) << ": it cannot be read at byte "
            << place - begin
            << ": the disk fails there, or the file was cut off while it was read; copy it (ddrescue passes "
               "over what a disk does not give) and ask the copy";
        return sentence.written();
    }
    return 0;
}

}  // namespace postmortem
