#include "kernel/time/timers.h"

#include <algorithm>
#include <array>

#include "kernel/lists.h"
#include "kernel/percpu.h"
#include "kernel/rbtree.h"
#include "kernel/symbol_finder.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_timers = 1u << 20;
constexpr std::uint32_t most_wheels = 8, most_buckets = 4096, most_clocks = 16;

// Two (BASE_STD, BASE_DEF) since 4.8 (500462a9de65), one without NO_HZ; three since 6.9 (83a665dc99a7).
std::string_view wheel_name(std::uint32_t index, std::uint64_t count) {
    constexpr std::array<std::string_view, 2> two = {"BASE_STD", "BASE_DEF"};
    constexpr std::array<std::string_view, 3> three = {"BASE_LOCAL", "BASE_GLOBAL", "BASE_DEF"};
    if (count == three.size()) return three[index];
    return index < two.size() ? two[index] : "BASE_?";
}

// BTF tells it where it knows per-CPU variables (pahole 1.18); else the room up to the next one.
Result<std::uint64_t> count_wheels(const Kernel& kernel, std::uint64_t symbol, std::uint64_t size) {
    const auto variable = kernel.types().find(TypeKind::Variable, "timer_bases");
    std::uint64_t count = variable ? kernel.types().get(*variable).count : 0;
    if (count == 0 && size != 0) {
        const auto table = kernel.symbols();
        if (!table) return fail(table.error());
        std::uint64_t next = ~std::uint64_t{0};
        auto done = (*table)->for_each([&](const Symbol& one) {
            if (one.address > symbol && one.address < next) next = one.address;
            return true;
        });
        if (!done) return fail(std::move(done.error()));
        count = (next - symbol) / size;
    }
    if (count == 0 || count > most_wheels)
        return fail(ErrorCode::MissingDebugInfo, "how many timer wheels a CPU has is not known");
    return count;
}

void read_timer(const Object& timer, TimerWheel& wheel, Problems& problems) {
    const auto expires = timer["expires"].u64(), function = timer["function"].u64();
    if (!expires || !function) return problems.push_back(!expires ? expires.error() : function.error());
    wheel.timers.push_back({timer.address(), *expires, *function});
}

void sort_by_expiry(TimerWheel& wheel) {
    std::stable_sort(wheel.timers.begin(), wheel.timers.end(),
                     [](const WheelTimer& a, const WheelTimer& b) { return a.expires < b.expires; });
}

// An hlist: each node points at the next one first. Nodes look back at the pointer that leads to them.
void read_bucket(const Kernel& kernel, std::uint64_t head, TimerWheel& wheel, std::uint64_t& left,
                 Problems& problems) {
    const AddressSpace& memory = kernel.memory();
    auto node = memory.word(head);
    std::uint64_t from = head;
    while (node && *node != 0) {
        const Object timer = kernel.object("timer_list", *node);
        const auto back = memory.word(*node + memory.word_size());
        if (!back) return problems.push_back(back.error());
        if (*back != from || left-- == 0) {
            problems.emplace_back(ErrorCode::Corrupt, "a list of timers does not hang together", *node);
            return;
        }
        read_timer(timer, wheel, problems);
        from = *node;
        node = memory.word(*node);
    }
    if (!node) problems.push_back(node.error());
}

bool is_ring(const Object& vector) {
    return vector.at(0).has("next");
}

// A list of each, a ring until 4.2 (1dabbcec2c0a).
void read_vector(const Kernel& kernel, const Object& vector, TimerWheel& wheel, std::uint64_t& left,
                 Problems& problems) {
    const auto place = vector.checked_address();
    if (!place) return problems.push_back(place.error());
    const bool rings = is_ring(vector);
    const std::uint64_t step = kernel.memory().word_size() * (rings ? 2u : 1u);
    const std::uint64_t buckets = std::min<std::uint64_t>(vector.size() / step, most_buckets);
    for (std::uint64_t head = *place; head < *place + buckets * step; head += step) {
        if (!rings) {
            read_bucket(kernel, head, wheel, left, problems);
            continue;
        }
        const auto walked = for_each_list_node(
            kernel.memory(), head,
            [&](std::uint64_t node) {
                read_timer(kernel.object("timer_list", node), wheel, problems);
                return --left > 0;
            },
            left);
        if (!walked) problems.push_back(walked.error());
    }
}

// Until 4.8 (500462a9de65) a CPU has one wheel, of five vectors; until 4.2 the variable points to it. The lock that
// it begins with is no address of the kernel.
Result<TimerWheel> read_vectors(const Kernel& kernel, std::uint64_t symbol, std::uint32_t cpu,
                                Problems& problems) {
    const auto place = per_cpu_address(kernel, symbol, cpu);
    const auto first = place ? kernel.memory().word(*place) : place;
    if (!first) return fail(first.error());
    const bool is_pointer = *first >= kernel.arch().memory.lowest_kernel_address;
    const Object base = kernel.object("tvec_base", is_pointer ? *first : *place);
    if (!base.ok()) return fail(*base.error());
    TimerWheel wheel;
    wheel.address = base.address();
    wheel.is_tvec_of_hlists = !is_ring(base["tv1"]["vec"]);
    std::uint64_t left = most_timers;
    for (const char* vector : {"tv1", "tv2", "tv3", "tv4", "tv5"})
        read_vector(kernel, base[vector]["vec"], wheel, left, problems);
    sort_by_expiry(wheel);
    return wheel;
}

// The function of the clock is not kept any more since 6.18; the order of the clocks is that of
// enum hrtimer_base_type, once for timers of interrupts and once for those of softirqs.
std::string clock_name(const SymbolFinder& symbols, const Object& base, std::uint64_t index) {
    constexpr std::array<const char*, 4> names = {"ktime_get", "ktime_get_real", "ktime_get_boottime",
                                                  "ktime_get_clocktai"};
    if (!base.has("get_time")) return names[index % names.size()];
    const auto function = base["get_time"].u64();
    const auto hit = function ? symbols.at(*function) : std::nullopt;
    return hit ? hit->symbol.name : "?";
}

// A union of one number until 4.10 (2456e8555118).
Result<std::int64_t> nanoseconds(const Object& time) {
    return (time.has("tv64") ? time["tv64"] : time).i64();
}

void read_clock_timers(const Kernel& kernel, const Object& base, TimerClock& clock, Problems& problems) {
    // A cached tree since 5.4 (511885d7061e), one whose nodes are linked since 7.1; the root comes first. Until
    // 2.6.38 (998adc3dda59) the root itself, and the node had no time.
    const Object active = base["active"];
    const bool is_bare = active.has("rb_node");
    const auto root = (is_bare ? active : active.first_of({"rb_root", "head"})).checked_address();
    if (!root) return problems.push_back(root.error());
    const auto done = for_each_rb_node(kernel.memory(), *root, [&](std::uint64_t node) {
        const Object timer = kernel.object("hrtimer", node);
        const auto soft = nanoseconds(timer["_softexpires"]),
                   expires = nanoseconds(is_bare ? timer["_expires"] : timer["node"]["expires"]);
        const auto function = timer["function"].u64();
        if (!soft || !expires || !function) {
            problems.push_back(!soft ? soft.error() : !expires ? expires.error() : function.error());
            return true;
        }
        clock.timers.push_back({node, *soft, *expires, *function});
        return clock.timers.size() < most_timers;
    });
    if (!done) problems.push_back(done.error());
}

}  // namespace

Result<std::vector<TimerWheel>> read_timer_wheels(const Kernel& kernel, std::uint32_t cpu,
                                                  Problems& problems) {
    if (const auto vectors = kernel.symbol("tvec_bases"))
        return read_vectors(kernel, *vectors, cpu, problems).map([](TimerWheel wheel) {
            return std::vector<TimerWheel>{std::move(wheel)};
        });
    const auto size = kernel.types().size_of("timer_base");
    if (!size) return fail(size.error());
    const auto symbol = kernel.symbol("timer_bases");
    if (!symbol) return fail(symbol.error());
    const auto first = per_cpu_address(kernel, *symbol, cpu);
    if (!first) return fail(first.error());
    const auto count = count_wheels(kernel, *symbol, *size);
    if (!count) return fail(count.error());
    std::vector<TimerWheel> wheels;
    std::uint64_t left = most_timers;
    for (std::uint32_t i = 0; i < *count; ++i) {
        const Object base = kernel.object("timer_base", *first + i * *size);
        const Object vectors = base["vectors"];
        const auto place = vectors.checked_address();
        if (!place) return fail(place.error());
        TimerWheel& wheel = wheels.emplace_back();
        wheel.name = wheel_name(i, *count);
        wheel.address = base.address();
        const std::uint64_t step = kernel.memory().word_size();
        const std::uint64_t buckets = std::min<std::uint64_t>(vectors.size() / step, most_buckets);
        for (std::uint64_t bucket = 0; bucket < buckets; ++bucket)
            read_bucket(kernel, *place + bucket * step, wheel, left, problems);
        sort_by_expiry(wheel);
    }
    return wheels;
}

Result<CpuTimerClocks> read_timer_clocks(const Kernel& kernel, std::uint32_t cpu, Problems& problems) {
    const Object base = per_cpu_variable(kernel, "hrtimer_bases", "hrtimer_cpu_base", cpu);
    const auto address = base.checked_address();
    if (!address) return fail(address.error());
    const SymbolFinder symbols(kernel);
    CpuTimerClocks clocks;
    clocks.address = *address;
    const Object all = base["clock_base"];
    if (!all.ok()) return fail(*all.error());
    const auto size = kernel.types().size_of("hrtimer_clock_base");
    if (!size || *size == 0)
        return fail(!size ? size.error() : Error(ErrorCode::Corrupt, "a clock base of no size"));
    const std::uint64_t count = std::min<std::uint64_t>(all.size() / *size, most_clocks);
    for (std::uint64_t i = 0; i < count; ++i) {
        const Object one = all.at(i);
        TimerClock& clock = clocks.clocks.emplace_back();
        clock.address = one.address();
        clock.name = clock_name(symbols, one, i);
        clock.offset = nanoseconds(one["offset"]).value_or(0);
        read_clock_timers(kernel, one, clock, problems);
    }
    if (auto damage = symbols.take_damage()) problems.push_back(std::move(*damage));
    return clocks;
}

}  // namespace postmortem
