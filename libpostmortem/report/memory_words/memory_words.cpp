#include <memory>

#include <fmt/format.h>

#include <postmortem/memory_words.h>

#include "base/checked.h"
#include "base/problem_collector.h"
#include "base/text.h"
#include "dump/output_file.h"
#include "kernel/mm/slab_pages.h"
#include "kernel/mm/user_space.h"
#include "kernel/sched/tasks.h"
#include "memory/words.h"
#include "report/tasks/context_tasks.h"
#include "report/values/address_word.h"
#include "report/values/symbolic.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_words = 1u << 22;
constexpr std::size_t longest_plain_text = 1u << 24;

Result<std::uint64_t> word_at(const AddressSpace& memory, std::uint64_t address, std::uint32_t size) {
    const auto widen = [](auto value) { return std::uint64_t{value}; };
    switch (size) {
        case 1: return memory.get<std::uint8_t>(address).map(widen);
        case 2: return memory.get<std::uint16_t>(address).map(widen);
        case 4: return memory.get<std::uint32_t>(address).map(widen);
        default: return memory.u64(address);
    }
}

std::uint64_t turned_around(std::uint64_t word, std::uint32_t size) {
    if (size == 2) return __builtin_bswap16(static_cast<std::uint16_t>(word));
    if (size == 4) return __builtin_bswap32(static_cast<std::uint32_t>(word));
    return word;
}

Result<std::uint64_t> words_wanted(const MemoryWordsRequest& request, std::uint64_t address,
                                   std::uint32_t size) {
    if (!request.end) return request.count.value_or(1);
    if (*request.end <= address)
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{:x} does not lie behind {:x}", *request.end, address));
    const std::uint64_t count = (*request.end - address) / size;
    if (count == 0)
        return fail(
            ErrorCode::InvalidArgument,
            fmt::format("between {:x} and {:x} lies no whole unit of {} bytes", address, *request.end, size));
    return request.count ? std::min(count, *request.count) : count;
}

// Without a count it ends at the first byte that cannot be printed; with one it goes on behind such bytes.
Result<void> read_text(const AddressSpace& memory, const MemoryWordsRequest& request, MemoryWords& made) {
    const auto wanted = words_wanted(request, made.address, 1);
    if (!wanted) return fail(wanted.error());
    const std::uint64_t most = request.count || request.end ? *wanted : longest_plain_text;
    const std::uint64_t start = made.address;
    made.text.emplace();
    for (std::uint64_t i = 0; i < most && i < longest_plain_text; ++i) {
        const auto byte = memory.get<std::uint8_t>(start + i);
        if (!byte) {
            made.problems.push_back(byte.error());
            return {};
        }
        const bool printable = *byte >= 0x20 && *byte < 0x7f;
        if (printable) add_character(made, start + i, static_cast<char>(*byte));
        if (!printable && !request.count && !request.end) return {};
    }
    return {};
}

// What words point at: symbols and, where they are wanted, objects of slab caches.
class WordNames {
  public:
    WordNames(const Kernel& kernel, const MemoryWordsRequest& request)
        : kernel_(kernel), request_(request), symbols_(kernel) {
        if (!request.caches) return;
        auto slabs = SlabPages::open(kernel);
        if (slabs)
            slabs_.emplace(std::move(*slabs));
        else
            problems_.add("the names of slab caches", slabs.error());
    }

    std::string of(std::uint64_t word) {
        std::string name = symbols_.of(word);
        if (!name.empty() || !slabs_ || !kernel_.is_of_kernel(word)) return name;
        const auto cache = slabs_->cache_of(word);
        if (!cache) {
            problems_.add("the slab cache of a word", cache.error());
            return {};
        }
        if (cache->empty()) return {};
        return request_.cache_addresses ? fmt::format("[{:x}:{}]", word, escaped(*cache))
                                        : fmt::format("[{}]", escaped(*cache));
    }

    Problems take_problems() {
        if (auto damage = symbols_.take_damage()) problems_.add(std::move(*damage));
        return problems_.take();
    }

  private:
    const Kernel& kernel_;
    const MemoryWordsRequest& request_;
    SymbolicNames symbols_;
    std::optional<SlabPages> slabs_;
    ProblemCollector problems_;
};

// Where a request reads: the kernel's memory, or a task's.
struct Place {
    std::uint64_t address = 0;
    std::unique_ptr<AddressSpace> user;  ///< null for the kernel's

    const AddressSpace& memory(const Kernel& kernel) const { return user ? *user : kernel.memory(); }
};

Result<std::unique_ptr<AddressSpace>> memory_of_task(const Kernel& kernel, const TaskChoice& whose) {
    const TaskTable table = read_tasks(kernel);
    auto chosen = context_tasks(kernel, table, whose);
    if (!chosen) return fail(std::move(chosen.error()));
    if (chosen->tasks.empty())
        return fail(chosen->problems.empty() ? Error(ErrorCode::NotFound, "no such task")
                                             : chosen->problems.front());
    return user_space(kernel, chosen->tasks.front()->mm);
}

Result<Place> place_of(const Kernel& kernel, const MemoryWordsRequest& request) {
    const auto start = resolve_address(kernel, request.at);
    if (!start) return fail(start.error());
    Place place;
    place.address = wrapped(kernel.memory(), *start + static_cast<std::uint64_t>(request.offset));
    const bool of_kernel = kernel.is_of_kernel_alone(place.address);
    if (request.user && of_kernel)
        return fail(Error(ErrorCode::InvalidArgument, "this is no address of a user program", place.address));
    if (!request.user && (of_kernel || kernel.memory().translate(place.address))) return place;
    auto user = memory_of_task(kernel, request.whose);
    if (!user) return fail(std::move(user.error()));
    place.user = std::move(*user);
    return place;
}

}  // namespace

Result<MemoryBytes> memory_bytes(const CrashDump& dump, const MemoryWordsRequest& request) {
    constexpr std::uint64_t most_bytes = 1u << 30;
    const Kernel& kernel = dump.kernel();
    const auto place = place_of(kernel, request);
    if (!place) return fail(place.error());
    if (!request.count && !request.end)
        return fail(ErrorCode::InvalidArgument, "how many bytes are wanted is not said");
    const auto count = words_wanted(request, place->address, 1);
    if (!count) return fail(count.error());
    if (*count > most_bytes)
        return fail(ErrorCode::InvalidArgument, fmt::format("{} bytes are too many for one answer", *count));
    auto bytes = place->memory(kernel).bytes(place->address, *count);
    if (!bytes) return fail(std::move(bytes.error()));
    return MemoryBytes{place->address, std::move(*bytes)};
}

Result<void> write_to_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    auto file = OutputFile::create(path);
    if (!file) return fail(std::move(file.error()));
    file->write_at(0, bytes);
    return file->commit();
}

Result<MemoryWords> memory_words(const CrashDump& dump, const MemoryWordsRequest& request) {
    const Kernel& kernel = dump.kernel();
    const auto place = place_of(kernel, request);
    if (!place) return fail(place.error());
    const AddressSpace& memory = place->memory(kernel);
    MemoryWords made;
    made.word_size = request.word_size == 0 ? memory.word_size() : request.word_size;
    made.big_endian = memory.endian() == Endian::Big;
    made.address = place->address;
    if (request.text) {
        if (auto first = memory.get<std::uint8_t>(made.address); !first)
            return fail(std::move(first.error()));
        if (auto read = read_text(memory, request, made); !read) return fail(std::move(read.error()));
        return made;
    }
    const auto count = words_wanted(request, made.address, made.word_size);
    if (!count) return fail(count.error());
    if (*count == 0 || *count > most_words)
        return fail(ErrorCode::InvalidArgument, fmt::format("{} is no count of words", *count));
    if (request.reverse) made.address = wrapped(memory, made.address - (*count - 1) * made.word_size);
    WordNames names(kernel, request);
    for (std::uint64_t i = 0; i < *count; ++i) {
        auto word = word_at(memory, made.address + i * made.word_size, made.word_size);
        if (!word && i == 0) return fail(std::move(word.error()));
        if (!word) {
            made.problems.push_back(std::move(word.error()));
            break;
        }
        const bool turned = request.network_order && !made.big_endian;
        made.words.push_back(turned ? turned_around(*word, made.word_size) : *word);
        if (request.symbols) made.symbols.push_back(names.of(*word));
    }
    for (Error& problem : names.take_problems()) made.problems.push_back(std::move(problem));
    return made;
}

void add_character(MemoryWords& words, std::uint64_t address, char character) {
    if (!words.text) words.text.emplace();
    if (words.text->empty()) words.address = address;
    const bool first = words.more_text.empty();
    const std::uint64_t begin = first ? words.address : words.more_text.back().address;
    std::string& last = first ? *words.text : words.more_text.back().text;
    if (begin + last.size() == address)
        last += character;
    else
        words.more_text.push_back({address, std::string(1, character)});
}

}  // namespace postmortem
