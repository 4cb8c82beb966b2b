#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/interrupts.h>

#include "base/problem_collector.h"
#include "kernel/cpus.h"
#include "kernel/irq/irq_descriptors.h"
#include "kernel/percpu.h"
#include "kernel/symbol_finder.h"

namespace postmortem {
namespace {

constexpr std::size_t most_actions = 1024, longest_irq_name = 128;
constexpr std::uint32_t most_softirqs = 32;

class InterruptReader {
  public:
    InterruptReader(const Kernel& kernel, std::vector<std::uint32_t> cpus)
        : kernel_(kernel), symbols_(kernel), cpus_(std::move(cpus)) {}

    InterruptTable read() {
        InterruptTable table;
        table.address_digits = static_cast<std::uint8_t>(kernel_.arch().word_size * 2);
        table.cpus = cpus_;
        std::map<std::uint64_t, std::uint64_t> descriptors;
        bool whole = true;
        for_each_irq(
            kernel_, [&](std::uint64_t number, std::uint64_t address) { descriptors[number] = address; },
            [&](const Error& error) {
                whole = false;
                problems_.add("the interrupt lines", error);
            });
        auto limit = irq_limit(kernel_);
        if (!limit) problems_.add("the number of interrupt lines", limit.error());
        const std::uint64_t highest = descriptors.empty() ? 0 : descriptors.rbegin()->first + 1;
        const std::uint64_t count =
            std::min<std::uint64_t>(std::max<std::uint64_t>(limit.value_or(0), highest), 1u << 20);
        for (std::uint64_t number = 0; number < count; ++number) {
            const auto known = descriptors.find(number);
            // A line that was not found is unused only where all could be.
            if (known == descriptors.end() && !whole) continue;
            IrqLine& line = table.lines.emplace_back();
            line.number = static_cast<std::uint32_t>(number);
            if (known != descriptors.end() && known->second != 0) fill_line(line, known->second);
        }
        read_softirqs(table);
        symbols_.tell(problems_);
        table.problems = problems_.take();
        return table;
    }

  private:
    void fill_line(IrqLine& line, std::uint64_t address) {
        line.descriptor = address;
        const Object desc = kernel_.object("irq_desc", address);
        const std::string detail = fmt::format("of line {}", line.number);
        read_actions(line, desc, detail);
        // Until 2.6.37 (ff7dcd44dd44) what irq_data holds was the descriptor's own, and it counted in a plain
        // array.
        is_old_ = !desc.has("irq_data");
        const Object chip = (is_old_ ? desc : desc["irq_data"])["chip"];
        if (const auto there = chip.u64(); there && *there != 0)
            take(chip["name"].string(), line.chip, "the chip", detail);
        if (const auto there = desc["name"].u64(); there && *there != 0)
            take(desc["name"].string(), line.flow, "the name", detail);
        if (const auto number = desc["irq_data"]["hwirq"].u64()) line.hardware_number = *number;
        read_affinity(line, desc, detail);
        read_counts(line, desc, detail);
    }

    template <class T>
    void take(Result<T> value, T& into, const char* what, const std::string& detail) {
        if (value)
            into = std::move(*value);
        else
            problems_.add(what, detail, value.error());
    }

    void read_actions(IrqLine& line, const Object& desc, const std::string& detail) {
        auto next = desc["action"].u64();
        while (next && *next != 0 && line.actions.size() < most_actions) {
            const Object action = kernel_.object("irqaction", *next);
            IrqAction& one = line.actions.emplace_back();
            one.address = *next;
            if (const auto name = action["name"].u64(); name && *name != 0)
                take(action["name"].string(longest_irq_name), one.name, "the name of an action", detail);
            if (const auto handler = action["handler"].u64()) {
                one.handler = *handler;
                if (const auto hit = symbols_.at(*handler)) one.handler_name = hit->symbol.name;
            }
            next = action["next"].u64();
        }
        if (!next) problems_.add("the actions", detail, next.error());
    }

    // Part of the irq_common_data since 4.3 (9df872faa7e1); behind a pointer where there may be very many
    // CPUs.
    void read_affinity(IrqLine& line, const Object& desc, const std::string& detail) {
        const Object mask = (desc.has("irq_common_data") ? desc["irq_common_data"]
                             : is_old_                   ? desc
                                                         : desc["irq_data"])["affinity"];
        if (!mask.ok()) return;
        const bool behind_pointer = mask.type().kind == TypeKind::Pointer;
        const auto place = behind_pointer ? mask.u64() : mask.checked_address();
        const auto limit = cpu_limit(kernel_);
        if (!place || !limit)
            return problems_.add("the affinity", detail, !place ? place.error() : limit.error());
        const std::uint32_t bits = kernel_.arch().word_size * 8u;
        for (std::uint32_t first = 0; first < *limit; first += bits) {
            const auto word = kernel_.memory().word(*place + first / 8);
            if (!word) return problems_.add("the affinity", detail, word.error());
            for (std::uint32_t cpu = first; cpu < *limit && cpu < first + bits; ++cpu)
                if (*word >> (cpu - first) & 1) line.affinity.push_back(cpu);
        }
    }

    // An unsigned int of each CPU, which since 6.11 (86d2a2f51fba) has a neighbour.
    void read_counts(IrqLine& line, const Object& desc, const std::string& detail) {
        const auto base = desc["kstat_irqs"].u64();
        if (!base) return problems_.add("the counts", detail, base.error());
        for (const std::uint32_t cpu : cpus_) {
            const auto place = is_old_ ? Result<std::uint64_t>(*base + cpu * sizeof(std::uint32_t))
                                       : per_cpu_address(kernel_, *base, cpu);
            const auto count = place ? kernel_.memory().u32(*place) : fail(place.error());
            line.counts.push_back(count ? std::optional(*count) : std::nullopt);
            if (!count) problems_.add("the counts", detail, count.error());
        }
    }

    // softirq_vec[NR_SOFTIRQS] of struct softirq_action, whose only member is the function.
    void read_softirqs(InterruptTable& table) {
        const auto vector = kernel_.symbol("softirq_vec");
        if (!vector) return problems_.add("the softirqs", vector.error());
        const auto whole = kernel_.symbol_at(*vector);
        const std::uint64_t word = kernel_.arch().word_size;
        const std::uint64_t room = whole && whole->size != 0 ? whole->size / word : most_softirqs;
        for (std::uint32_t number = 0; number < std::min<std::uint64_t>(room, most_softirqs); ++number) {
            const auto action = kernel_.memory().word(*vector + number * word);
            if (!action) return problems_.add("the softirqs", action.error());
            if (*action == 0) continue;
            const auto hit = kernel_.symbol_at(*action);
            if (!hit && is_of_no_function(hit.error())) break;
            if (!hit) return problems_.add("the softirqs", hit.error());
            table.softirqs.push_back({number, *action, hit->symbol.name});
        }
    }

    // What lies behind the table up to the next symbol is none of it.
    static bool is_of_no_function(const Error& error) {
        return error.code == ErrorCode::NotFound || error.code == ErrorCode::MissingDebugInfo;
    }

    const Kernel& kernel_;
    SymbolFinder symbols_;
    std::vector<std::uint32_t> cpus_;
    bool is_old_ = false;
    ProblemCollector problems_;
};

}  // namespace

Result<InterruptTable> interrupts(const CrashDump& dump, const InterruptRequest& request) {
    const Kernel& kernel = dump.kernel();
    auto cpus = read_running_cpus(kernel);
    if (!cpus) return fail(cpus.error());
    for (const std::uint32_t cpu : request.cpus)
        if (std::find(cpus->begin(), cpus->end(), cpu) == cpus->end())
            return fail(ErrorCode::InvalidArgument, fmt::format("there was no CPU {}", cpu));
    InterruptTable table = InterruptReader(kernel, request.cpus.empty() ? *cpus : request.cpus).read();
    if (request.numbers.empty()) return table;
    std::vector<IrqLine> chosen;
    for (const std::uint32_t number : request.numbers) {
        const auto line = std::find_if(table.lines.begin(), table.lines.end(),
                                       [&](const IrqLine& one) { return one.number == number; });
        if (line != table.lines.end())
            chosen.push_back(*line);
        else if (table.problems.empty())
            return fail(ErrorCode::InvalidArgument, fmt::format("there is no interrupt line {}", number));
    }
    table.lines = std::move(chosen);
    return table;
}

}  // namespace postmortem
