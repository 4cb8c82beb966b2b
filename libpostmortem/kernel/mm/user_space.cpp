#include "kernel/mm/user_space.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem {
namespace {

// Three quarters of _STK_LIM (fs/exec.c) is what execve() takes at most.
constexpr std::uint64_t most_argument_bytes = 6u << 20;

Result<UserStrings> strings_between(const Object& mm, const AddressSpace& space, const char* first,
                                    const char* last) {
    const auto start = mm[first].u64(), end = mm[last].u64();
    if (!start || !end) return fail(!start ? start.error() : end.error());
    if (*end < *start || *end - *start > most_argument_bytes)
        return fail(ErrorCode::Corrupt, fmt::format("{} and {} lie impossibly far apart", first, last),
                    *start);
    const auto bytes = space.bytes(*start, *end - *start);
    if (!bytes) return fail(bytes.error());
    UserStrings found;
    std::string_view text = as_text(*bytes);
    while (!text.empty()) {
        const std::size_t length = std::min(text.find('\0'), text.size());
        found.strings.emplace_back(text.substr(0, length));
        found.last_is_whole = length < text.size();
        text.remove_prefix(std::min(length + 1, text.size()));
    }
    return found;
}

}  // namespace

Result<std::unique_ptr<AddressSpace>> user_space(const Kernel& kernel, std::uint64_t mm) {
    if (mm == 0) return fail(ErrorCode::NotMapped, "the task has no user memory");
    const auto make = kernel.arch().memory.map_user;
    if (!make)
        return fail(ErrorCode::Unsupported, fmt::format("reading user memory on {}", kernel.arch().name));
    const auto pgd = kernel.object("mm_struct", mm)["pgd"].u64();
    if (!pgd) return fail(pgd.error());
    const auto root = kernel.memory().translate(*pgd);
    if (!root) return fail(root.error());
    auto walker = make(kernel.physical(), kernel.vmcoreinfo(), *root);
    if (!walker) return fail(walker.error());
    return std::make_unique<AddressSpace>(kernel.physical(), std::move(*walker), std::vector<LinearRange>(),
                                          kernel.memory().word_size());
}

// From mapping to mapping: what is not mapped is passed over as far as the tables say so.
Result<std::vector<std::uint64_t>> addresses_mapped_to(const AddressSpace& space, std::uint64_t first,
                                                       std::uint64_t end, std::uint64_t physical) {
    std::vector<std::uint64_t> found;
    for (std::uint64_t at = first; at < end;) {
        std::uint64_t length = 0;
        if (const auto place = space.translate_whole(at)) {
            length = place->page_size - at % place->page_size;
            const bool inside = physical >= place->paddr && physical - place->paddr < std::min(length, end - at);
            if (inside) found.push_back(at + (physical - place->paddr));
        } else {
            const auto walked = space.steps(at);
            if (!walked) return fail(walked.error());
            if (walked->steps.empty() || walked->steps.back().size == 0) return fail(place.error());
            length = walked->steps.back().size - at % walked->steps.back().size;
        }
        if (length >= end - at) break;
        at += length;
    }
    return found;
}

Result<UserStrings> read_arguments(const Kernel& kernel, const AddressSpace& space, std::uint64_t mm) {
    return strings_between(kernel.object("mm_struct", mm), space, "arg_start", "arg_end");
}

Result<UserStrings> read_environment(const Kernel& kernel, const AddressSpace& space, std::uint64_t mm) {
    return strings_between(kernel.object("mm_struct", mm), space, "env_start", "env_end");
}

}  // namespace postmortem
