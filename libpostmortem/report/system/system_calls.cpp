#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/system_parts.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "report/backtrace/source_lines.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_calls = 4096;

bool is_text(const Result<SymbolHit>& hit) {
    return hit && (hit->symbol.type == 't' || hit->symbol.type == 'T' || hit->symbol.type == 'w' ||
                   hit->symbol.type == 'W');
}

// No variable tells how many there are: the table goes on up to the next symbol, and as long as what it holds
// is text.
Result<std::uint64_t> table_bytes(const Kernel& kernel, std::uint64_t table) {
    const auto hit = kernel.symbol_at(table);
    if (!hit) return fail(hit.error());
    return std::min(hit->size, most_calls * kernel.arch().word_size);
}

class CallLister {
  public:
    CallLister(const Kernel& kernel, const SystemCallRequest& request) : kernel_(kernel), request_(request) {
        if (!request.source_lines) return;
        auto opened = SourceAnnotator::open(kernel, false);
        if (opened)
            sources_ = std::move(*opened);
        else
            problems_.add("source lines", opened.error());
    }

    Result<SystemCallTable> list() {
        const auto table = kernel_.symbol("sys_call_table");
        if (!table) return fail(table.error());
        const auto bytes = table_bytes(kernel_, *table);
        if (!bytes) return fail(bytes.error());
        SystemCallTable listed;
        const std::uint64_t word = kernel_.arch().word_size;
        for (std::uint64_t number = 0; number < *bytes / word; ++number) {
            const auto address = kernel_.memory().word(*table + number * word);
            if (!address) {
                problems_.add("the table of system calls", address.error());
                break;
            }
            const auto hit = kernel_.symbol_at(*address);
            if (!hit && hit.error().code != ErrorCode::NotFound) {
                problems_.add("the name", fmt::format("of system call {}", number), hit.error());
                continue;
            }
            if (!is_text(hit)) break;
            if (!wanted(number, hit->symbol.name)) continue;
            listed.calls.push_back(described(number, *address, hit->symbol.name));
        }
        listed.source_root = source_root();
        listed.problems = problems_.take();
        return listed;
    }

  private:
    bool wanted(std::uint64_t number, const std::string& function) const {
        if (request_.number) return number == *request_.number;
        return contains(function, request_.part_of_name);
    }

    SystemCall described(std::uint64_t number, std::uint64_t address, const std::string& function) const {
        SystemCall call{static_cast<std::uint32_t>(number), address, function, {}, {}};
        const Frame at = place_of_code(address, function);
        call.file = at.file;
        call.line = at.line;
        return call;
    }

    Frame place_of_code(std::uint64_t address, const std::string& function) const {
        Backtrace one;
        one.frames.resize(1);
        one.frames.front().ip = address;
        one.frames.front().function = function;
        one.frames.front().interrupted = true;
        if (sources_) sources_->annotate(one);
        return one.frames.front();
    }

    // Every kernel starts in init/main.c.
    std::string source_root() const {
        constexpr std::string_view file = "init/main.c";
        const auto start = kernel_.symbol("start_kernel");
        const auto known = start ? place_of_code(*start, "start_kernel").file : std::nullopt;
        return known && known->ends_with(file) ? known->substr(0, known->size() - file.size())
                                               : std::string();
    }

    const Kernel& kernel_;
    const SystemCallRequest& request_;
    std::optional<SourceAnnotator> sources_;
    ProblemCollector problems_;
};

}  // namespace

Result<SystemCallTable> system_calls(const CrashDump& dump, const SystemCallRequest& request) {
    return CallLister(dump.kernel(), request).list();
}

}  // namespace postmortem
