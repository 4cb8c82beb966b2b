#include "log/oom/oom_events.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "log/oom/oom_completion.h"
#include "log/oom/oom_header.h"
#include "log/oom/oom_memory.h"
#include "log/oom/oom_tasks.h"
#include "log/oom/oom_words.h"

namespace postmortem::oom {
namespace {

constexpr std::size_t max_waiting = 4;     // events that still wait for the reaper
constexpr std::size_t trace_length = 120;  // lines of a call trace with its registers
constexpr std::size_t sysrq_reach = 20;    // lines between the request and the report
// A report takes minutes on a slow console at most; merged journals are out of order by seconds.
constexpr double longest_pause = 600, most_disorder = 60;

bool is_memory_shape(Shape shape) {
    switch (shape) {
        case Shape::MemInfo:
        case Shape::PerCpu:
        case Shape::KeyValues:
        case Shape::Node:
        case Shape::Zone:
        case Shape::LowmemReserve:
        case Shape::FreeList:
        case Shape::Hugepages:
        case Shape::PageCount:
        case Shape::FreePagesTotal:
        case Shape::Swap:
        case Shape::SwapCache: return true;
        default: return false;
    }
}

bool is_context_shape(Shape shape) {
    return shape == Shape::Context || shape == Shape::CpuLine || shape == Shape::Hardware ||
           shape == Shape::Other;
}

// What the kernel prints behind the context and the call trace.
bool may_follow_context(Shape shape) {
    return is_context_shape(shape) || is_memory_shape(shape) || shape == Shape::MemcgTask ||
           shape == Shape::MemcgUsage || shape == Shape::StatRow;
}

// A line of Mem-Info that cannot be anything else: an event whose head is lost may begin with it.
bool opens_memory(Shape shape, std::string_view text) {
    switch (shape) {
        case Shape::KeyValues:
            return text.starts_with("active_anon:") || text.starts_with("Active_anon:") ||
                   text.starts_with("active_file:") || text.starts_with("Active:") ||
                   text.starts_with("slab_reclaimable:");
        case Shape::PerCpu:
        case Shape::PageCount:
        case Shape::LowmemReserve: return false;
        default: return is_memory_shape(shape);
    }
}

}  // namespace

OpenEvent& EventAssembler::open(const Line& line) {
    close();
    OpenEvent& opened = open_.emplace();
    opened.event.line = line.number;
    opened.event.last_line = line.last_number;
    opened.event.seconds = line.seconds;
    opened.event.time = line.time;
    opened.event.host = line.host;
    opened.caller = line.caller;
    // Not every request kills somebody: an old one says nothing about the next event.
    opened.event.sysrq = sysrq_line_ && line.number - *sysrq_line_ <= sysrq_reach;
    sysrq_line_.reset();
    block_ = Block::None;
    return opened;
}

// The open event, or a new one: also where the open one is over and the line cannot be its any more.
OpenEvent& EventAssembler::open_for(const Line& line, bool fresh) {
    return open_ && !fresh && !open_->over ? *open_ : open(line);
}

void EventAssembler::close() {
    if (!open_) return;
    if (open_->proven) {
        any_event_ = true;
        closed_.push_back(std::move(*open_));
        if (closed_.size() > max_waiting) emit_oldest();
    }
    open_.reset();
}

void EventAssembler::emit_oldest() {
    OpenEvent oldest = std::move(closed_.front());
    closed_.pop_front();
    complete_event(oldest.event, oldest.memcg_in_trace);
    sink_(std::move(oldest.event));
}

void EventAssembler::finish() {
    close();
    while (!closed_.empty()) emit_oldest();
    block_ = Block::None;
}

// Another boot's words, or words of another hour, are not the end of a report that was cut.
void EventAssembler::end_of_boot(const Line& line) {
    if (line.shape == Shape::Other) {
        // Anybody's words, of any clock, may stand between the lines of a report.
        if (line.text.starts_with("Linux version ")) finish();
        return;
    }
    if (!open_ || !open_->last_seconds || !line.seconds) return;
    const double pause = *line.seconds - *open_->last_seconds;
    if (pause > longest_pause || pause < -most_disorder) close();
}

bool EventAssembler::feed(const Line& line) {
    end_of_boot(line);
    if (open_ && !open_->caller.empty() && !line.caller.empty() && line.caller != open_->caller &&
        !proves_oom(line.shape) && line.shape != Shape::Reaped && line.shape != Shape::NotReaped)
        return false;  // another task's words in between
    if (open_ && open_->event.panic) ++open_->lines_since_panic;
    if (line.shape != Shape::Other) drop_stale_context(line, may_follow_context(line.shape));
    const bool belongs = feed_block_row(line) || feed_head(line) || feed_memory(line) || feed_memcg(line) ||
                         feed_tasks(line) || feed_decision(line);
    if (belongs && open_) {
        open_->proven = open_->proven || proves_oom(line.shape);
        if (open_->context_only && line.number != open_->event.line)
            open_->context_only = is_context_shape(line.shape);
        open_->event.last_line = std::max(open_->event.last_line, line.last_number);
        if (line.seconds) open_->last_seconds = line.seconds;
    }
    return belongs;
}

bool EventAssembler::feed_head(const Line& line) {
    switch (line.shape) {
        case Shape::Header:
            other_mem_info_ = false;
            read_header(line.text, open(line).event);
            return true;
        case Shape::Context: return feed_context(line);
        case Shape::CpuLine: return feed_cpu_line(line);
        case Shape::Hardware:
            if (!open_ || !open_->context_seen || open_->event.trigger.hardware) return false;
            open_->event.trigger.hardware =
                std::string(line.text.substr(std::min<std::size_t>(15, line.text.size())));
            return true;
        case Shape::Sysrq: sysrq_line_ = line.number; return true;
        case Shape::Other: return feed_trace(line);
        default: return false;
    }
}

// The call trace of the request: it tells a cgroup's limit and sysrq f where no other line does.
bool EventAssembler::feed_trace(const Line& line) {
    if (!open_ || open_->over || !open_->event.has_header || open_->event.has_mem_info) return false;
    const std::string_view text = line.text;
    if (contains(text, "moom_callback"))
        open_->event.sysrq = true;
    else if (contains(text, "mem_cgroup_out_of_memory+") && !text.starts_with('?'))
        open_->memcg_in_trace = true;
    else if (text.starts_with("COMPACTION is disabled"))
        open_->event.compaction_disabled = true;
    else
        return false;
    return true;
}

// "X cpuset=/ mems_allowed=0" stands behind the header, or is the first that is left of a report.
bool EventAssembler::feed_context(const Line& line) {
    if (!open_ || open_->over) {
        if (other_mem_info_) return false;
        open(line).context_only = true;
    }
    OomEvent& event = open_->event;
    if (event.cpuset) return false;
    if (event.trigger.comm && !line.text.starts_with(*event.trigger.comm)) return false;
    read_context(line.text, event);
    return true;
}

// The trigger's own context comes before Mem-Info; of a log that begins later only the panic's is left.
// Without a header it may be any oops's: what follows decides.
bool EventAssembler::feed_cpu_line(const Line& line) {
    const bool after_panic = open_ && open_->event.panic && open_->lines_since_panic <= 10;
    const bool before_memory = open_ && !open_->over && (open_->event.has_header || open_->context_only);
    if (!after_panic && !before_memory) {
        if (other_mem_info_ || (open_ && !open_->over)) return false;
        open(line).context_only = true;
    }
    if (open_->context_seen || !read_cpu_line(line.text, open_->event.trigger)) return false;
    open_->context_seen = true;
    return true;
}

// A context without a header belongs to a report only if the next part of a report follows closely.
void EventAssembler::drop_stale_context(const Line& line, bool continues) {
    if (!open_ || !open_->context_only) return;
    const bool near = line.number - open_->event.last_line <= trace_length;
    if (continues && near) return;
    open_.reset();
}

bool EventAssembler::feed_memory(const Line& line) {
    if (line.shape == Shape::OtherMemInfo) {
        const bool expects_own =
            open_ && open_->event.has_header && !open_->event.has_mem_info && !open_->over;
        if (!expects_own) {
            if (open_ && !open_->proven) open_.reset();
            other_mem_info_ = true;
        }
        return false;
    }
    if (!is_memory_shape(line.shape)) return false;
    if (other_mem_info_) return false;
    if (!open_ || open_->over) {
        if (!opens_memory(line.shape, line.text)) return false;
        open(line);
    }
    OpenEvent& opened = *open_;
    if (opened.memory_over) return false;
    if (line.shape == Shape::MemInfo) {
        if (opened.event.has_mem_info) opened.memory_over = true;
        opened.event.has_mem_info = true;
        return !opened.memory_over;
    }
    if (!opened.event.has_mem_info && !opens_memory(line.shape, line.text)) return false;
    // The totals come first. What looks like them behind the zones is another subsystem's.
    const OomMemInfo& memory = opened.event.memory;
    if (line.shape == Shape::KeyValues && (!memory.nodes.empty() || !memory.zones.empty())) return false;
    opened.event.has_mem_info = true;
    block_ = Block::None;
    return read_memory_line(line.shape, line.text, opened.event.memory);
}

bool EventAssembler::feed_memcg(const Line& line) {
    switch (line.shape) {
        case Shape::MemcgTask: {
            OpenEvent& opened = open_for(line, open_ && open_->event.memcg.task_path.has_value());
            read_memcg_task(line.text, opened.event.memcg);
            opened.event.scope = OomScope::Memcg;
            return true;
        }
        case Shape::MemcgUsage: read_memcg_usage(line.text, open_for(line, false).event.memcg); return true;
        case Shape::MemcgStats:
            read_memcg_stats(line.text, open_for(line, false).event.memcg);
            block_ = Block::MemcgStat;
            return true;
        case Shape::MemcgProtection:
            if (!open_ || open_->over) return false;
            read_memcg_protection(line.text, open_->event.memcg);
            block_ = Block::None;
            return true;
        default: return false;
    }
}

bool EventAssembler::feed_tasks(const Line& line) {
    switch (line.shape) {
        case Shape::SlabTitle:
        case Shape::AllocationTitle:
            if (!open_ || open_->over || other_mem_info_) return false;
            block_ = line.shape == Shape::SlabTitle ? Block::Slab : Block::Allocations;
            return true;
        case Shape::TableTitle:
            open_for(line, open_ && open_->event.has_task_table);
            block_ = Block::Tasks;
            return true;
        case Shape::TableHeader: {
            OpenEvent& opened = open_for(line, open_ && !open_->event.task_table.columns.empty());
            opened.event.task_table.columns = read_table_header(line.text);
            opened.event.has_task_table = true;
            block_ = Block::Tasks;
            return true;
        }
        case Shape::TableRow: {
            OpenEvent& opened = open_for(line, false);
            read_table_row(line.text, line.number, opened.event.task_table);
            opened.event.has_task_table = true;
            block_ = Block::Tasks;
            return true;
        }
        default: return false;
    }
}

// Rows that look like nothing by themselves: they count only behind their title.
bool EventAssembler::feed_block_row(const Line& line) {
    if (!open_ || open_->over || block_ == Block::None) return false;
    OomEvent& event = open_->event;
    switch (block_) {
        case Block::Slab:
            if (line.shape == Shape::SlabRow) return read_memory_line(line.shape, line.text, event.memory);
            return line.text.starts_with("Name ");
        case Block::Allocations:
            return line.shape == Shape::AllocationRow &&
                   read_memory_line(line.shape, line.text, event.memory);
        case Block::MemcgStat:
            if (line.shape == Shape::StatRow) return read_stat_row(line.text, event.memcg.stats.back());
            return false;
        default: return false;
    }
}

}  // namespace postmortem::oom
