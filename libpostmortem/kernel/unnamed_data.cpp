#include "kernel/unnamed_data.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/checked.h"
#include "kernel/lists.h"
#include "kernel/module_name.h"
#include "types/btf.h"

namespace postmortem {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t most_data = 64ull << 20;  ///< between the first exported variable and the last
constexpr std::size_t most_modules = 4096;

Error unknown(std::string_view name) {
    return {ErrorCode::NotFound, fmt::format("nothing tells where {} lies", name)};
}

}  // namespace

UnnamedData::UnnamedData(const AddressSpace& memory, std::uint64_t rodata, std::uint64_t lowest_code)
    : memory_(memory), lowest_code_(lowest_code), exports_(find_exports(memory, rodata)), btf_(find_btf()) {}

// BTF ends what is only read, behind the tables (include/asm-generic/vmlinux.lds.h).
std::optional<UnnamedData::Bounds> UnnamedData::find_btf() const {
    constexpr std::uint64_t searched = 1ull << 20;
    if (!exports_) return std::nullopt;
    const std::uint64_t first = align_up(exports_->end, std::uint64_t{4});
    std::array<std::byte, page + btf_header_bytes> bytes;
    for (std::uint64_t at = first; at < first + searched; at += page) {
        if (!memory_.read(at, bytes, Caching::Pass)) return std::nullopt;
        for (std::uint64_t offset = 0; offset < page; offset += 4)
            if (const auto size = btf_size(Bytes(bytes).subspan(offset), memory_.endian()))
                return Bounds{at + offset, at + offset + *size};
    }
    return std::nullopt;
}

std::vector<Symbol> UnnamedData::exported() const {
    std::vector<Symbol> all;
    if (exports_)
        (void)exports_->symbols->for_each([&](const Symbol& symbol) {
            all.push_back(symbol);
            return true;
        });
    return all;
}

Result<std::uint64_t> UnnamedData::address_of(std::string_view name, const TypeFinder* types) const {
    if (btf_ && name == "__start_BTF") return btf_->start;
    if (btf_ && name == "__stop_BTF") return btf_->end;
    if (!exports_) return fail(exports_.error());
    if (auto exported = exports_->symbols->address_of(name)) return exported;
    const std::lock_guard guard(lock_);
    const Places& per_cpu = per_cpu_places(types);
    if (const auto placed = per_cpu.find(name); placed != per_cpu.end()) return placed->second;
    const auto only_place = [&](std::optional<std::optional<std::uint64_t>>& known,
                                const auto& find) -> Result<std::uint64_t> {
        if (!known) known = find();
        return *known ? Result<std::uint64_t>(**known) : fail(unknown(name));
    };
    if (name == "modules") return only_place(modules_, [this] { return find_modules(); });
    if (name == "runqueues")
        return only_place(runqueues_, [&]() -> std::optional<std::uint64_t> {
            auto surroundings = per_cpu_surroundings();
            if (!surroundings) return std::nullopt;
            if (types)
                if (const auto idle = types->offset_of("rq", "idle"))
                    surroundings->idle = static_cast<std::uint32_t>(*idle);
            return find_runqueues(memory_, *surroundings);
        });
    return fail(unknown(name));
}

const UnnamedData::Places& UnnamedData::per_cpu_places(const TypeFinder* types) const {
    static const Places none;
    if (types && !per_cpu_) per_cpu_ = place_per_cpu_variables(*types);
    return per_cpu_ ? *per_cpu_ : none;
}

std::string UnnamedData::per_cpu_variable_at(std::uint64_t address, const TypeFinder* types) const {
    const std::lock_guard guard(lock_);
    if (exports_)
        for (const auto& [name, place] : per_cpu_places(types))
            if (place == address) return name;
    return {};
}

// kernel_cpustat (kstat until 3.3) lies with the runqueues: both are kernel/sched/core.c's.
std::optional<PerCpuSurroundings> UnnamedData::per_cpu_surroundings() const {
    constexpr std::uint32_t most_cpus = 8192;
    const SymbolTable& exported = *exports_->symbols;
    auto near = exported.address_of("kernel_cpustat");
    if (!near) near = exported.address_of("kstat");
    const auto offsets = exported.address_of("__per_cpu_offset"), limit = exported.address_of("nr_cpu_ids"),
               init_task = exported.address_of("init_task");
    const auto count = limit ? memory_.u32(*limit) : fail(limit.error());
    if (!near || !offsets || !init_task || !count || *count > most_cpus) return std::nullopt;
    PerCpuSurroundings around{*near, {}, *init_task, {}};
    for (std::uint32_t cpu = 0; cpu < *count; ++cpu) {
        const auto offset = memory_.word(*offsets + cpu * memory_.word_size());
        if (!offset) return std::nullopt;
        around.offsets.push_back(*offset);
    }
    return around;
}

// Those that are exported tell where all of them begin, and have to agree.
UnnamedData::Places UnnamedData::place_per_cpu_variables(const TypeFinder& types) const {
    const std::vector<PlacedVariable> variables = types.per_cpu_variables();
    std::optional<std::uint64_t> first;
    for (const PlacedVariable& variable : variables) {
        const auto exported = exports_->symbols->address_of(variable.name);
        if (!exported) continue;
        if (first && *first != *exported - variable.offset) return {};
        first = *exported - variable.offset;
    }
    Places places;
    if (first)
        for (const PlacedVariable& variable : variables)
            places.emplace(variable.name, *first + variable.offset);
    return places;
}

// The image's data, as far as exported variables reach.
UnnamedData::Bounds UnnamedData::exported_data() const {
    Bounds data{~std::uint64_t{0}, 0};
    (void)exports_->symbols->for_each([&](const Symbol& symbol) {
        if (symbol.address < exports_->end || symbol.address - exports_->end > most_data) return true;
        data.start = std::min(data.start, align_down(symbol.address, page));
        data.end = std::max(data.end, align_up(symbol.address + 1, page));
        return true;
    });
    return data;
}

ImageBounds UnnamedData::image() const {
    if (!exports_) return {};
    const Bounds data = exported_data();
    return {exports_->end, exports_->end, data.start, std::max(data.start, data.end)};
}

// struct module begins: enum module_state state; struct list_head list; char name[]. It lies in the module's
// own memory.
std::optional<std::uint64_t> UnnamedData::find_modules() const {
    const Bounds data = exported_data();
    const std::uint32_t word = memory_.word_size();
    const auto is_modules = [&](std::uint64_t address) {
        return address % word == 0 && address >= lowest_code_ &&
               (address < exports_->end || !data.hold(address));
    };
    std::array<std::byte, page> bytes;
    for (std::uint64_t at = data.start; at < data.end; at += page) {
        if (!memory_.read(at, bytes, Caching::Pass)) continue;
        const ByteReader reader(bytes, memory_.endian());
        const auto word_at = [&](std::uint64_t offset) {
            return word == 8 ? *reader.u64(offset) : *reader.u32(offset);
        };
        for (std::uint64_t offset = 0; offset + 2 * word <= page; offset += word)
            if (is_modules(word_at(offset)) && is_modules(word_at(offset + word)) &&
                is_list_of_modules(at + offset))
                return at + offset;
    }
    return std::nullopt;
}

bool UnnamedData::is_list_of_modules(std::uint64_t head) const {
    const std::uint32_t word = memory_.word_size();
    bool all = true;
    std::uint64_t last = head;
    const auto walked = for_each_list_node(
        memory_, head,
        [&](std::uint64_t node) {
            const auto state = memory_.u32(node - word);
            const auto back = memory_.word(node + word);
            const auto name = memory_.c_string(node + 2 * word, longest_module_name);
            all = state && *state < 4 && back && *back == last && name && is_module_name(*name);
            last = node;
            return all;
        },
        most_modules);
    return walked && all && last != head;
}

}  // namespace postmortem
