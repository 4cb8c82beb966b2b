// Lines into events: which line opens an event, which belongs to the open one, and when one is over. One
// assembler serves one host of a log; reports of two hosts may be interleaved.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string_view>

#include <postmortem/oom.h>

#include "log/oom/oom_lines.h"

namespace postmortem::oom {

// What is known of an event while its lines come in.
struct OpenEvent {
    OomEvent event;
    bool proven = false;          // a line was seen that only the OOM killer prints
    bool context_only = false;    // so far a context without a header, which may be any oops's
    bool over = false;            // the kill, the panic or the refusal was printed
    bool context_seen = false;    // CPU line of the task that asked for memory
    bool memory_over = false;     // its Mem-Info is complete: another one is another report's
    bool memcg_in_trace = false;  // the call trace comes from a cgroup's charge
    std::size_t lines_since_panic = 0;
    std::optional<std::size_t> kill_line;
    std::optional<double> kill_seconds;
    std::optional<double> last_seconds;  // of its last line
    std::string caller;
};

class EventAssembler {
  public:
    using Sink = std::function<void(OomEvent&&)>;

    explicit EventAssembler(Sink sink) : sink_(std::move(sink)) {}

    /// True where the line belongs to an OOM report.
    bool feed(const Line& line);
    /// The log is at its end: hands out what is left.
    void finish();

  private:
    // Blocks whose rows have a meaning only behind their title.
    enum class Block { None, Slab, Allocations, MemcgStat, Tasks };

    void end_of_boot(const Line& line);
    OpenEvent& open(const Line& line);
    OpenEvent& open_for(const Line& line, bool fresh);
    void close();
    void emit_oldest();

    bool feed_head(const Line& line);
    bool feed_memory(const Line& line);
    bool feed_memcg(const Line& line);
    bool feed_tasks(const Line& line);
    bool feed_decision(const Line& line);
    bool feed_block_row(const Line& line);

    bool feed_cpu_line(const Line& line);
    bool feed_context(const Line& line);
    void drop_stale_context(const Line& line, bool continues);
    bool feed_kill(const Line& line);
    bool feed_selection(const Line& line);
    bool feed_reaping(const Line& line);
    bool feed_trace(const Line& line);
    bool is_same_kill(const Line& line, const OomVictim& victim) const;
    bool feed_panic(const Line& line);
    void end_report(OpenEvent& opened);
    OomVictim* find_victim(std::int64_t pid);

    Sink sink_;
    std::optional<OpenEvent> open_;
    std::deque<OpenEvent> closed_;  // wait for their reaper lines
    Block block_ = Block::None;
    std::optional<std::size_t> sysrq_line_;  // where sysrq f was announced last
    bool other_mem_info_ = false;            // the next Mem-Info is that of a failed allocation or of sysrq m
    bool any_event_ = false;
};

}  // namespace postmortem::oom
