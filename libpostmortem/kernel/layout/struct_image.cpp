#include "kernel/layout/struct_image.h"

#include <algorithm>

namespace postmortem {
namespace {

constexpr std::uint64_t image_page = 4096;

}  // namespace

StructImage::StructImage(const AddressSpace& memory, std::uint64_t address, std::uint64_t size)
    : memory_(&memory), address_(address), bytes_(size) {
    std::uint64_t done = 0;
    while (done < size) {
        const std::uint64_t left_in_page = image_page - (address + done) % image_page;
        const std::uint64_t part = std::min(left_in_page, size - done);
        lost_.push_back(!memory.read(address + done, MutableBytes(bytes_).subspan(done, part)));
        done += part;
    }
}

Bytes StructImage::held(std::uint64_t offset, std::size_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) return {};
    const std::uint64_t before = address_ % image_page;
    for (std::uint64_t page = (before + offset) / image_page;
         page <= (before + offset + size - 1) / image_page; ++page)
        if (lost_[page]) return {};
    return Bytes(bytes_).subspan(offset, size);
}

std::optional<std::uint64_t> StructImage::word(std::uint64_t offset) const {
    if (bytes_.empty()) {
        const auto value = memory_->word(address_ + offset);
        return value ? std::optional(*value) : std::nullopt;
    }
    const Bytes at = held(offset, memory_->word_size());
    if (at.empty()) return std::nullopt;
    if (at.size() == 8) return load<std::uint64_t>(at.data(), memory_->endian());
    return load<std::uint32_t>(at.data(), memory_->endian());
}

std::optional<std::uint32_t> StructImage::number(std::uint64_t offset) const {
    if (bytes_.empty()) {
        const auto value = memory_->u32(address_ + offset);
        return value ? std::optional(*value) : std::nullopt;
    }
    const Bytes at = held(offset, sizeof(std::uint32_t));
    if (at.empty()) return std::nullopt;
    return load<std::uint32_t>(at.data(), memory_->endian());
}

std::optional<std::string> StructImage::text(std::uint64_t offset, std::size_t limit) const {
    const auto text = memory_->c_string(address_ + offset, limit);
    return text ? std::optional(*text) : std::nullopt;
}

Survey Survey::of(const AddressSpace& memory, const std::vector<std::uint64_t>& addresses, std::uint64_t size,
                  std::size_t most) {
    Survey survey;
    survey.size = size;
    // The first ones are of other kinds than the thousands that may follow: the kernel's own threads.
    const std::size_t front = std::min(addresses.size(), most / 2), rest = addresses.size() - front;
    const std::size_t step = std::max<std::size_t>(1, rest / std::max<std::size_t>(1, most - front));
    for (std::size_t i = 0; i < addresses.size(); i += i < front ? 1 : step)
        survey.images.emplace_back(memory, addresses[i], size);
    return survey;
}

std::vector<Placement> search(const Survey& survey, std::uint64_t step, std::size_t least,
                              const Judge& judge) {
    std::vector<Placement> found;
    for (std::uint64_t offset = 0; offset + step <= survey.size; offset += step) {
        Placement candidate{offset, 0};
        bool contradicted = false;
        for (const StructImage& image : survey.images) {
            const Says says = judge(image, offset);
            contradicted = says == Says::No;
            if (contradicted) break;
            candidate.agree += says == Says::Yes;
        }
        if (!contradicted && candidate.agree >= least) found.push_back(candidate);
    }
    return found;
}

}  // namespace postmortem
